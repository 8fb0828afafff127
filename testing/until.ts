import { setTimeout as delay } from 'node:timers/promises'

/**
 * Polls until it is so: less often the longer it takes, because every poll takes processor time from other tests. The limit
 * only ends what hangs: it is far beyond what a slow machine needs.
 */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 60_000) {
  const began = Date.now()
  while (!(await isSo())) {
    const waited = Date.now() - began
    if (waited > withinMs) throw new Error(`not within ${withinMs / 1000} s: ${what}`)
    await delay(Math.min(Math.max(20, waited / 10), 100))
  }
}
