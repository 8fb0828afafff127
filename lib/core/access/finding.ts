// What Postern found in a cluster that is not as it made it. The database holds the same two lists
// (prisma/migrations/*/migration.sql); lib/adapters/db/clusters/findings.db.test.ts compares them.

/**
 * `object-missing`: an object of a live grant was removed. `object-changed`: it gives something else, or says something
 * else about itself. `object-replaced`: another object that says it is the grant's has taken its name. `object-foreign`:
 * an object that is somebody else's has taken its name. `object-stray`: what carries Postern's labels and belongs to no
 * live grant.
 */
export const findingKinds = [
  'object-missing',
  'object-changed',
  'object-replaced',
  'object-foreign',
  'object-stray',
] as const
export type FindingKind = (typeof findingKinds)[number]

/**
 * `repaired`: it is again as it was approved. `removed`: it is gone from the cluster. `access-ended`: it could not be put
 * right, so the access ended. `gone`: it was over by itself when Postern looked again.
 */
export const findingOutcomes = ['repaired', 'removed', 'access-ended', 'gone'] as const
export type FindingOutcome = (typeof findingOutcomes)[number]
