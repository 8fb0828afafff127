import { say } from '#local/processes/steps'
import { runDemo } from './demo.ts'

// `npm run dev`: the demo's parts and data, with pages that are compiled as they are asked for.
await runDemo({ development: true }).catch((error: unknown) => {
  say(`\nended: ${error instanceof Error ? error.message : error}`)
  process.exit(1)
})
