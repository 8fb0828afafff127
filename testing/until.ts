import { setTimeout as delay } from 'node:timers/promises'

/** Polls until it is so, and throws when it is not in time: nothing is waited for longer than it takes. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 15_000) {
  const deadline = Date.now() + withinMs
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs / 1000} s: ${what}`)
    await delay(20)
  }
}
