import { setTimeout as delay } from 'node:timers/promises'

/** Polls until it is so. The limit only ends what hangs: it is far beyond what a slow machine needs. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 60_000) {
  const deadline = Date.now() + withinMs
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs / 1000} s: ${what}`)
    await delay(20)
  }
}
