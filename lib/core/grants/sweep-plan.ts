// Rows and a cluster side by side: what may not be there, which live grants are not as they were made, and what is over
// by what the cluster alone says.
import type { GrantStatus } from '#lib/core/access/status'
import type { ObjectKey } from './manifests.ts'
import type { ObservedObject } from './observed.ts'

/** What a grant has on record of one object. `uid` null: it was wished for, and nobody saw it made. */
export type KnownObject = ObjectKey & { uid: string | null; fingerprint: string | null }

type KnownGrant = {
  status: GrantStatus
  cluster: string
  /** It should have ended so long ago that somebody, or something, holds its end up. */
  isLate: boolean
  /** Access began after the cluster was asked for the first of its lists: of this one they may show a part. */
  isNew: boolean
  objects: readonly KnownObject[]
}

/**
 * What the database knows, by id: the grants of this cluster that have not ended, and those that the observed labels
 * name. A grant that is not there is unknown.
 */
export type KnownGrants = ReadonlyMap<string, KnownGrant>

export type Stray = { object: ObservedObject; grantId: string | null; why: string }

export type SweepPlan = {
  /** What may not be there, and why. */
  strays: Stray[]
  /** Active grants of which something is missing or not as it was made: each is to be looked at by itself. */
  doubtful: string[]
}

/** Why this may not be there, or what its grant has on record of it. */
function recordOf(object: ObservedObject, grant: KnownGrant | undefined, cluster: string): KnownObject | string {
  if (!object.grantId) return 'its label names no grant'
  if (!grant) return 'no grant with this id is on record'
  if (grant.cluster !== cluster) return 'its grant belongs to another cluster'
  if (grant.status === 'ended') return 'its grant has ended'
  if (grant.isLate) return 'its grant should have ended minutes ago, and something holds that up'
  const { kind, namespace, name } = object
  // A grant has few objects, so going through them is faster than any index.
  const recorded = grant.objects.find(
    (other) => other.namespace === namespace && other.kind === kind && other.name === name,
  )
  return recorded ?? 'its grant does not have this object'
}

const isRight = ({ isLeaving, uid, fingerprint }: ObservedObject, recorded: KnownObject) =>
  !isLeaving && uid === recorded.uid && fingerprint === recorded.fingerprint

/**
 * What is to be done about a cluster. `known` must have been read after `observed`: an object is made only after its name
 * was committed, so what was seen and is not known is nobody's. What a live grant lacks here may have been put right since,
 * so it is a doubt and no more; one that was made since is looked at by the next sweep, or else a busy hour would have each
 * looked at by itself. A grant that is pending or ending is left to whoever makes or removes it, and what is late is a stray.
 */
export function planSweep(observed: readonly ObservedObject[], known: KnownGrants, cluster: string): SweepPlan {
  const strays: Stray[] = []
  const right = new Set<KnownObject>()
  for (const object of observed) {
    const grant = object.grantId ? known.get(object.grantId) : undefined
    const recorded = recordOf(object, grant, cluster)
    if (typeof recorded === 'string') strays.push({ object, grantId: grant ? object.grantId : null, why: recorded })
    else if (isRight(object, recorded)) right.add(recorded)
  }
  const doubtful: string[] = []
  for (const [id, { status, isNew, isLate, cluster: its, objects }] of known) {
    if (status !== 'active' || isNew || isLate || its !== cluster) continue
    if (!objects.every((object) => right.has(object))) doubtful.push(id)
  }
  return { strays, doubtful }
}

/**
 * What is over by its own annotation: all that may be removed without asking the database. Bindings come first, since
 * they are what gives access. What says nothing that can be read is left to the database.
 */
export const overdue = (observed: readonly ObservedObject[], now: Date): ObservedObject[] =>
  observed
    .filter(({ expiresAt }) => expiresAt !== null && expiresAt <= now)
    .sort((a, b) => Number(b.kind === 'RoleBinding') - Number(a.kind === 'RoleBinding'))
