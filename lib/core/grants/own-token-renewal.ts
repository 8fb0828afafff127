// Postern's own token for a cluster has a limited life (`postern cluster add`). A worker renews it in time.

/** The ends of a token's life, by the clock of its cluster. */
export type TokenLife = { issuedAt: Date; expiresAt: Date }

/** Seconds. The API server issues none that is shorter. */
const shortestLife = 600

export const lifeSecondsOf = ({ issuedAt, expiresAt }: TokenLife): number =>
  Math.max(shortestLife, Math.floor((expiresAt.getTime() - issuedAt.getTime()) / 1000))

/** Is half of its life over? The other half is the time for what prevents its renewal to be found and corrected. */
export const isRenewalDue = ({ issuedAt, expiresAt }: TokenLife, now: Date): boolean =>
  now.getTime() >= (issuedAt.getTime() + expiresAt.getTime()) / 2

/** The token to use: of those that are given, the one that is valid for the longest time, and of two equal ones the last. */
export const longestValid = <T extends TokenLife>(first: T, ...others: readonly (T | null)[]): T =>
  others.reduce<T>((best, one) => (one && one.expiresAt >= best.expiresAt ? one : best), first)
