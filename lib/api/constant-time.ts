import { setTimeout as delay } from 'node:timers/promises'

// Rule: "not found" and "not yours" are answered at the same 100 ms boundary. A request that does not exist takes one
// statement to refuse; one that exists but that the caller may not see takes more, and the refusal is recorded. Without
// the alignment the response time would reveal which of the two it is.

/** Milliseconds. Several times as long as refusing and recording takes, even on a slow disk. */
const boundaryMs = 100

/**
 * Waits for the next multiple of 100 ms after the call began. Every caller of this sends a "not found" response next.
 * @param beganMs the value of `performance.now()` when the call began
 */
export async function alignResponse(beganMs: number): Promise<void> {
  const elapsed = performance.now() - beganMs
  await delay(Math.ceil(elapsed / boundaryMs) * boundaryMs - elapsed)
}
