// Where the npm package starts: the same program, also on the oldest Node.js that is supported.
import './older-node.ts'

await import('./main.ts')
