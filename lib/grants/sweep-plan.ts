// Rows and a cluster side by side: what may not be there, which live grants are not as they were made, and what is over
// by what the cluster alone says.
import type { GrantStatus } from '#lib/access/status'
import { keyText } from './manifests.ts'
import { grantOf } from './names.ts'
import type { ObservedObject } from './observed.ts'

/** What a grant has on record of one object. `uid` null: it was wished for, and nobody saw it made. */
export type KnownObject = { uid: string | null; fingerprint: string | null }

/**
 * What the database knows, by id: the grants of this cluster that have not ended, and those that the observed labels
 * name. A grant that is not there is unknown. Objects by keyText().
 */
export type KnownGrants = ReadonlyMap<
  string,
  {
    status: GrantStatus
    cluster: string
    /** It should have ended so long ago that somebody, or something, holds its end up. */
    isLate: boolean
    /** Access began after the cluster was asked for the first of its lists: of this one they may show a part. */
    isNew: boolean
    objects: ReadonlyMap<string, KnownObject>
  }
>

export type Stray = { object: ObservedObject; grantId: string | null; why: string }

export type SweepPlan = {
  /** What may not be there, and why. */
  strays: Stray[]
  /** Active grants of which something is missing or not as it was made: each is to be looked at by itself. */
  doubtful: string[]
}

function whyStray(object: ObservedObject, known: KnownGrants, cluster: string): string | undefined {
  const grantId = grantOf(object.labels)
  if (!grantId) return 'its label names no grant'
  const grant = known.get(grantId)
  if (!grant) return 'no grant with this id is on record'
  if (grant.cluster !== cluster) return 'its grant belongs to another cluster'
  if (grant.status === 'ended') return 'its grant has ended'
  if (grant.isLate) return 'its grant should have ended minutes ago, and something holds that up'
  if (!grant.objects.has(keyText(object))) return 'its grant does not have this object'
  return undefined
}

const isRight = (object: ObservedObject | undefined, { uid, fingerprint }: KnownObject) =>
  object !== undefined && !object.isLeaving && object.uid === uid && object.fingerprint === fingerprint

/**
 * What is to be done about a cluster. `known` must have been read after `observed`: an object is made only after its name
 * was committed, so what was seen and is not known is nobody's. What a live grant lacks here may have been put right since,
 * so it is a doubt and no more; one that was made since is looked at by the next sweep, or else a busy hour would have each
 * looked at by itself. A grant that is pending or ending is left to whoever makes or removes it.
 */
export function planSweep(observed: readonly ObservedObject[], known: KnownGrants, cluster: string): SweepPlan {
  const byKey = new Map(observed.map((object) => [keyText(object), object]))
  const strays = observed.flatMap((object): Stray[] => {
    const why = whyStray(object, known, cluster)
    if (why === undefined) return []
    const grantId = grantOf(object.labels)
    return [{ object, grantId: grantId && known.has(grantId) ? grantId : null, why }]
  })
  const doubtful: string[] = []
  for (const [id, grant] of known) {
    if (grant.status !== 'active' || grant.isNew || grant.cluster !== cluster) continue
    for (const [key, object] of grant.objects) {
      if (isRight(byKey.get(key), object)) continue
      doubtful.push(id)
      break
    }
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
