// What carries Postern's label in a cluster but belongs to no live grant?
import type { GrantStatus } from '#lib/access/status'
import { keyText, type ObjectKey } from './manifests.ts'
import { grantOf } from './names.ts'

/** An object as the cluster shows it. */
export type ObservedObject = ObjectKey & { uid: string; labels: Record<string, string> }

/** What the database knows about the grants that the observed labels name, by id; a grant that is not there is unknown. */
export type KnownGrants = ReadonlyMap<string, { status: GrantStatus; cluster: string; objects: ReadonlySet<string> }>

export type Stray = { object: ObservedObject; why: string }

/**
 * Everything that may not be there, and why. `known` must have been read after `observed`: an object is made only after
 * its name was committed, so what was seen and is not known is nobody's. An `ending` grant is left to its own removal.
 */
export function findStrays(observed: readonly ObservedObject[], known: KnownGrants, cluster: string): Stray[] {
  return observed.flatMap((object): Stray[] => {
    const grantId = grantOf(object.labels)
    if (!grantId) return [{ object, why: 'its label names no grant' }]
    const grant = known.get(grantId)
    if (!grant) return [{ object, why: 'no grant with this id is on record' }]
    if (grant.cluster !== cluster) return [{ object, why: 'its grant belongs to another cluster' }]
    if (grant.status === 'ended') return [{ object, why: 'its grant has ended' }]
    if (!grant.objects.has(keyText(object))) return [{ object, why: 'its grant does not have this object' }]
    return []
  })
}
