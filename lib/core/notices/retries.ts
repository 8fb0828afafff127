// How long a notice is tried. A mail server that is down for a night must lose nothing.

/** With the longest pause of an hour: about eight hours. */
export const mostAttempts = 17
const firstSeconds = 5
const longestSeconds = 3600

/**
 * Seconds until the next attempt: doubled with each failure, at random in its upper half, and never sooner than the channel
 * asked for, up to an hour.
 * @param attempts that failed, at least 1
 * @param random from 0 to 1
 */
export function retrySeconds(attempts: number, random: number, retryAfterSeconds = 0): number {
  const limit = Math.min(longestSeconds, firstSeconds * 2 ** Math.min(attempts - 1, 20))
  return Math.max(limit * (0.5 + random / 2), Math.min(retryAfterSeconds, longestSeconds))
}
