// What Postern found in a cluster that differs from what it created. The database has the same two lists
// (prisma/migrations/*/migration.sql); lib/adapters/db/clusters/findings.db.test.ts compares them.

/**
 * `object-missing`: an object of a live grant was deleted. `object-changed`: its permissions, labels or annotations
 * were changed. `object-replaced`: another object that carries the grant's label has taken its name. `object-foreign`:
 * an object of someone else has taken its name. `object-stray`: an object carries Postern's labels but belongs to no
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
 * `repaired`: the object is again as approved. `removed`: Postern deleted it. `access-ended`: it could not be repaired,
 * so the access was ended. `gone`: it had disappeared when Postern read the cluster again.
 */
export const findingOutcomes = ['repaired', 'removed', 'access-ended', 'gone'] as const
export type FindingOutcome = (typeof findingOutcomes)[number]
