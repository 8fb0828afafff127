import { setTimeout as delay } from 'node:timers/promises'

// "Not there" takes one statement, "not yours" takes more and is recorded: a clock would tell what the words do not.
// So both are answered on the same beat.

/** Milliseconds. Several times what refusing and recording takes, also on a slow disk. */
const beat = 100

/**
 * Waits until a whole number of beats has passed since the call began, before it is told that nothing is there.
 * @param beganMs milliseconds, of `performance.now()`
 */
export async function alignResponse(beganMs: number): Promise<void> {
  const passed = performance.now() - beganMs
  await delay(Math.ceil(passed / beat) * beat - passed)
}
