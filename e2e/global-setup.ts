import { startStage } from './stage.ts'

/** Starts everything that the stories need and hands Playwright the way to end it. */
export default async function globalSetup() {
  const stage = await startStage()
  return stage.stop
}
