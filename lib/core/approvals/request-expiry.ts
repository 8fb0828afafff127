// A request that is not decided in time expires. Its status is then `lapsed`: `expiry` is how access ends.

/** A request expires `pending.lapseAfter` after it was submitted. */
export const lapsesAt = (submittedAt: Date, lapseAfterSeconds: number): Date =>
  new Date(submittedAt.getTime() + lapseAfterSeconds * 1000)

/** From the moment `lapsesAt` on, no one may decide the request, even if the worker has not yet changed its status. */
export const hasExpired = (request: { lapsesAt: Date }, now: Date): boolean => request.lapsesAt <= now
