import { startStage } from './stage.ts'

/** Starts everything that the end-to-end tests need, and returns how to stop it. */
export default async function globalSetup() {
  const stage = await startStage()
  return stage.stop
}
