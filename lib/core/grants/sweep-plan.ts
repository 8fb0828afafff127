// Compares the objects in a cluster with the recorded grants: which objects must not exist, which active grants need an
// inspection, and which objects have expired by their own annotation.
import type { GrantStatus } from '#lib/core/access/status'
import type { ObjectKey } from './manifests.ts'
import type { ObservedObject } from './observed.ts'

/** One recorded object of a grant. `uid` is null if it is not known whether it was created. */
export type KnownObject = ObjectKey & { uid: string | null; fingerprint: string | null }

type KnownGrant = {
  status: GrantStatus
  cluster: string
  /** It should have ended minutes ago. */
  isOverdue: boolean
  /** It became active after the first list was requested, so the lists may show only some of its objects. */
  isNew: boolean
  objects: readonly KnownObject[]
}

/** By id: the grants of this cluster that have not ended, and every other grant that an observed label names. */
export type KnownGrants = ReadonlyMap<string, KnownGrant>

export type Stray = { object: ObservedObject; grantId: string | null; why: string }

export type SweepPlan = {
  /** Objects that must not exist, and why. */
  strays: Stray[]
  /** Active grants with a missing or changed object. */
  toInspect: string[]
}

/** The recorded object that this is, or why it must not exist. */
function recordOf(object: ObservedObject, grant: KnownGrant | undefined, cluster: string): KnownObject | string {
  if (!object.grantId) return 'its label does not name a grant'
  if (!grant) return 'no grant has this id'
  if (grant.cluster !== cluster) return 'its grant belongs to another cluster'
  if (grant.status === 'ended') return 'its grant has ended'
  if (grant.isOverdue) return 'its grant should have ended minutes ago'
  const { kind, namespace, name } = object
  // A grant has few objects, so a linear search is faster than an index.
  const recorded = grant.objects.find(
    (other) => other.namespace === namespace && other.kind === kind && other.name === name,
  )
  return recorded ?? 'its grant does not include this object'
}

const isUnchanged = ({ isTerminating, uid, fingerprint }: ObservedObject, recorded: KnownObject) =>
  !isTerminating && uid === recorded.uid && fingerprint === recorded.fingerprint

/**
 * An object that belongs to no live grant is a stray. An active grant with a missing or changed object is inspected: it
 * may have been repaired since it was observed, so the sweep itself does not decide. Grants that are pending or ending
 * are left to the worker that creates or deletes their objects, and new grants to the next sweep, because in a busy
 * hour each of them would be inspected for nothing. NB: `known` must be read after `observed`. A name is committed
 * before its object is created, so an object that was observed but is not recorded belongs to no grant.
 */
export function planSweep(observed: readonly ObservedObject[], known: KnownGrants, cluster: string): SweepPlan {
  const strays: Stray[] = []
  const unchanged = new Set<KnownObject>()
  for (const object of observed) {
    const grant = object.grantId ? known.get(object.grantId) : undefined
    const recorded = recordOf(object, grant, cluster)
    if (typeof recorded === 'string') strays.push({ object, grantId: grant ? object.grantId : null, why: recorded })
    else if (isUnchanged(object, recorded)) unchanged.add(recorded)
  }
  const toInspect: string[] = []
  for (const [id, { status, isNew, isOverdue, cluster: grantCluster, objects }] of known) {
    if (status !== 'active' || isNew || isOverdue || grantCluster !== cluster) continue
    if (!objects.every((object) => unchanged.has(object))) toInspect.push(id)
  }
  return { strays, toInspect }
}

/**
 * Objects whose own annotation says that they have expired: these may be deleted without the database. Bindings come
 * first, because they are what grants access. An object without a readable annotation is not included.
 */
export const overdue = (observed: readonly ObservedObject[], now: Date): ObservedObject[] =>
  observed
    .filter(({ expiresAt }) => expiresAt !== null && expiresAt <= now)
    .sort((a, b) => Number(b.kind === 'RoleBinding') - Number(a.kind === 'RoleBinding'))
