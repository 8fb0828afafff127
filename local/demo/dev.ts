import { say } from '#local/processes/steps'
import { runDemo } from './demo.ts'

// `npm run dev`: the demo's parts and data, with pages compiled on request.
await runDemo({ development: true }).catch((error: unknown) => {
  say(`\nstopped: ${error instanceof Error ? error.message : error}`)
  process.exit(1)
})
