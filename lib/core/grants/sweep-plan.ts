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

/** What the signatures of a grant prove, whatever its row says. */
export type ProvenGrant = {
  /** When its access expires, by its signed activation; null without a valid one. */
  expiresAt: Date | null
  /** Whether a worker signed that it has ended. */
  isEnded: boolean
}

/** By id: the grants that questionable() names. */
export type ProvenGrants = ReadonlyMap<string, ProvenGrant>

export type Stray = { object: ObservedObject; grantId: string | null; why: string }

export type SweepPlan = {
  /** Objects that must not exist, and why. Namespaces take turns. */
  strays: Stray[]
  /** Active grants with a missing or changed object. */
  toInspect: string[]
}

/**
 * Milliseconds. An object whose annotated time has passed by this much should be gone: the grant ended on time, or
 * something keeps Postern from ending it.
 */
const annotationGraceMs = 60_000

const isPastAnnotation = ({ expiresAt }: ObservedObject, now: Date) =>
  expiresAt !== null && now.getTime() - expiresAt.getTime() > annotationGraceMs

/**
 * The grants that should have no objects by now: by their rows, or by the annotated end of an object. Rows are not
 * evidence, because anyone who can write to the database can change them. For these grants the signatures decide.
 */
export function questionable(observed: readonly ObservedObject[], known: KnownGrants, now: Date): string[] {
  const ids = new Set<string>()
  for (const object of observed) {
    const grant = object.grantId ? known.get(object.grantId) : undefined
    if (!grant) continue
    const isOver = grant.status === 'ended' || grant.isOverdue
    if (isOver || isPastAnnotation(object, now)) ids.add(object.grantId as string)
  }
  return [...ids]
}

type Compared = { cluster: string; now: Date; known: KnownGrants; proven: ProvenGrants }

/** The recorded object that this is, or why it must not exist. */
function recordOf(object: ObservedObject, { cluster, now, known, proven }: Compared): KnownObject | string {
  if (!object.grantId) return 'its label does not name a grant'
  const grant = known.get(object.grantId)
  if (!grant) return 'no grant has this id'
  if (grant.cluster !== cluster) return 'its grant belongs to another cluster'
  const proof = proven.get(object.grantId)
  if (grant.status === 'ended') {
    return proof?.isEnded ? 'its grant has ended' : 'its grant is recorded as ended, but Postern did not end it'
  }
  if (grant.isOverdue) return 'its grant should have ended minutes ago'
  if (isPastAnnotation(object, now) && !(proof?.expiresAt && proof.expiresAt > now)) {
    return 'the end in its annotation has passed'
  }
  const { kind, namespace, name } = object
  // A grant has few objects, so a linear search is faster than an index.
  const recorded = grant.objects.find(
    (other) => other.namespace === namespace && other.kind === kind && other.name === name,
  )
  return recorded ?? 'its grant does not include this object'
}

const isUnchanged = ({ isTerminating, uid, fingerprint }: ObservedObject, recorded: KnownObject) =>
  !isTerminating && uid === recorded.uid && fingerprint === recorded.fingerprint

/** Takes one of each namespace, then another one of each: a namespace whose calls hang keeps no other waiting. */
function inTurns(strays: readonly Stray[]): Stray[] {
  const counts = new Map<string, number>()
  const turns = strays.map((stray) => {
    const { namespace } = stray.object
    const turn = counts.get(namespace) ?? 0
    counts.set(namespace, turn + 1)
    return { stray, turn }
  })
  return turns.sort((a, b) => a.turn - b.turn).map(({ stray }) => stray)
}

/**
 * An object that belongs to no live grant is a stray. An active grant with a missing or changed object is inspected: it
 * may have been repaired since it was observed, so the sweep itself does not decide. Grants that are pending or ending
 * are left to the worker that creates or deletes their objects, and new grants to the next sweep, because in a busy
 * hour each of them would be inspected for nothing. NB: `known` must be read after `observed`. A name is committed
 * before its object is created, so an object that was observed but is not recorded belongs to no grant.
 */
export function planSweep(observed: readonly ObservedObject[], compared: Compared): SweepPlan {
  const { known, cluster } = compared
  const strays: Stray[] = []
  const unchanged = new Set<KnownObject>()
  for (const object of observed) {
    const recorded = recordOf(object, compared)
    const isKnown = object.grantId !== null && known.has(object.grantId)
    if (typeof recorded === 'string') strays.push({ object, grantId: isKnown ? object.grantId : null, why: recorded })
    else if (isUnchanged(object, recorded)) unchanged.add(recorded)
  }
  const toInspect: string[] = []
  for (const [id, { status, isNew, isOverdue, cluster: grantCluster, objects }] of known) {
    if (status !== 'active' || isNew || isOverdue || grantCluster !== cluster) continue
    if (!objects.every((object) => unchanged.has(object))) toInspect.push(id)
  }
  return { strays: inTurns(strays), toInspect }
}

/**
 * Objects whose own annotation says that they have expired: these may be deleted without the database. Bindings come
 * first, because they are what grants access. An object without a readable annotation is not included.
 */
export const overdue = (observed: readonly ObservedObject[], now: Date): ObservedObject[] =>
  observed
    .filter(({ expiresAt }) => expiresAt !== null && expiresAt <= now)
    .sort((a, b) => Number(b.kind === 'RoleBinding') - Number(a.kind === 'RoleBinding'))
