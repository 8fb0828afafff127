import { say, step } from '#local/processes/steps'
import { ensureProductionBuild } from './production-build.ts'

// `npm run build`: the production build that `npm start` serves.
try {
  await step('production build', ensureProductionBuild, (built) => (built ? '' : 'up to date'))
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
