// The next step for a grant, given its desired objects and those recorded in the database. It only decides: the worker
// carries out a step, records the result, and asks again.
import type { EndReason, GrantStatus } from '#lib/core/access/status'
import { keyText, type ObjectKey, type ObjectKind } from './manifests.ts'
import { handOverSeconds, tokenCacheSeconds } from './token-lifetime.ts'

/**
 * An object as the database records it. `uid` is null if the intent was recorded but it is not known whether the object
 * was created. `fingerprint` is that of the created object, if known.
 */
export type RecordedObject = ObjectKey & { uid: string | null; removedAt: Date | null; fingerprint?: string | null }

export type GrantWorld = {
  status: GrantStatus
  /** The access begins no earlier than this; null means at once. */
  startsAt: Date | null
  expiresAt: Date | null
  /** When its extension began, if that is active and the access ends for no other reason. */
  extendedAt?: Date | null
  /** See grantObjects(). */
  desired: readonly ObjectKey[]
  recorded: readonly RecordedObject[]
}

export type Step =
  /** Do nothing before this time; null means never. */
  | { do: 'wait'; until: Date | null }
  /** Judge the request once more, then commit the names of these objects. None of them exists in the cluster yet. */
  | { do: 'record-intent'; objects: ObjectKey[] }
  /** Create these objects, in any order: none of them grants anything without the others. */
  | { do: 'create'; objects: ObjectKey[] }
  /** Every object exists: probe until the cluster allows the access; then it is active. */
  | { do: 'probe-allowed' }
  /** The access is active: compare its objects with the cluster, repair them if needed, and come back at `until`. */
  | { do: 'inspect'; until: Date }
  /** Commit that the access ends. */
  | { do: 'end'; endedBy: EndReason }
  /** Delete the ServiceAccount alone. If that can't be confirmed, delete everything at once, as in `otherwise`. */
  | { do: 'end-tokens'; accounts: RecordedObject[]; otherwise: EndAccess }
  /**
   * Delete the bindings, then the rest. Each object is deleted on its own: one that can't be deleted keeps no other. The
   * access has ended once a read finds none of them and the cluster denies the access.
   */
  | EndAccess

export type EndAccess = { do: 'end-access'; bindings: RecordedObject[]; rest: RecordedObject[] }

/** @param now the database's time */
export function plan(world: GrantWorld, now: Date): Step {
  switch (world.status) {
    case 'pending':
      return planPending(world, now)
    case 'active':
      if (world.expiresAt && now < world.expiresAt) return { do: 'inspect', until: world.expiresAt }
      return { do: 'end', endedBy: 'expiry' }
    case 'ending':
      return planSuperseded(world, now) ?? planEnding(world)
    case 'ended':
      return { do: 'wait', until: null }
  }
}

/** Every name is committed before the first object is created, so that no crash leaves an object without a record. */
function planPending({ startsAt, desired, recorded }: GrantWorld, now: Date): Step {
  if (startsAt && now < startsAt) return { do: 'wait', until: startsAt }
  const byKey = new Map(recorded.map((object) => [keyText(object), object]))
  const unrecorded = desired.filter((object) => !byKey.has(keyText(object)))
  if (unrecorded.length > 0) return { do: 'record-intent', objects: unrecorded }
  const missing = desired.filter((object) => byKey.get(keyText(object))?.uid == null)
  return missing.length > 0 ? { do: 'create', objects: missing } : { do: 'probe-allowed' }
}

/**
 * The bindings are deleted first, because the API server evaluates them at every call, while it accepts the token of a
 * deleted ServiceAccount for some seconds more (its authentication cache, 10 s). Then the ServiceAccount, which ends the
 * tokens whatever else is left. The Roles grant nothing by then.
 *
 * NB: this uses the recorded objects, not the desired ones: anything that was ever recorded may exist. That also holds
 * for those with a `removedAt`, because anyone who can write to the database could have set it.
 */
function planEnding({ recorded }: GrantWorld): EndAccess {
  const ofKind = (kind: ObjectKind) => recorded.filter((object) => object.kind === kind)
  return {
    do: 'end-access',
    bindings: ofKind('RoleBinding'),
    rest: [...ofKind('ServiceAccount'), ...ofKind('Role')],
  }
}

const secondsAfter = (time: Date, seconds: number) => new Date(time.getTime() + seconds * 1000)

/**
 * A program that runs across an extension still has a token of the extended access. It works until the program has had
 * time to change to the new one. Then the tokens are refused before the bindings go: a client asks for another token
 * after a 401, never after a 403. Undefined once nothing is left to wait for, and from its own end on.
 *
 * NB: someone who writes a false time of a deletion into the database can't delay the end by more than a real one does.
 */
function planSuperseded(world: GrantWorld, now: Date): Step | undefined {
  const { extendedAt, expiresAt, recorded } = world
  if (!extendedAt || !expiresAt || now >= expiresAt) return undefined
  const wait = (until: Date): Step => ({ do: 'wait', until: until < expiresAt ? until : expiresAt })
  const handedOverAt = secondsAfter(extendedAt, handOverSeconds)
  if (now < handedOverAt) return wait(handedOverAt)
  const accounts = recorded.filter(({ kind }) => kind === 'ServiceAccount')
  const [removedAt] = accounts.flatMap((account) => account.removedAt ?? [])
  if (!removedAt) return accounts.length > 0 ? { do: 'end-tokens', accounts, otherwise: planEnding(world) } : undefined
  const refusedAt = secondsAfter(removedAt, tokenCacheSeconds)
  return now < refusedAt && removedAt <= now ? wait(refusedAt) : undefined
}
