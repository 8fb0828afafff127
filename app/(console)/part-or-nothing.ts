import { log } from '#lib/observability/log'

/** A part of a page, or null if it can't be read: then the page is shown without it, and the log says why. */
export const partOrNothing = <T>(part: Promise<T>, failure: string): Promise<T | null> =>
  part.catch((error: unknown) => {
    log.warn({ err: error }, failure)
    return null
  })
