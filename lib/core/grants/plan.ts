// What is the next thing to do for a grant, given what is recorded and what is wanted? Decides only; knows neither the
// cluster nor the time. The worker carries a step out, records what came of it, and asks again.
import type { EndReason, GrantStatus } from '#lib/core/access/status'
import { keyText, type ObjectKey } from './manifests.ts'

/**
 * An object as the database knows it. `uid` null: wished for, but nobody knows yet whether it was made. `fingerprint` as
 * it was made; absent where that is not known.
 */
export type RecordedObject = ObjectKey & { uid: string | null; removedAt: Date | null; fingerprint?: string | null }

export type GrantWorld = {
  status: GrantStatus
  /** Not before this moment; null is at once. */
  startsAt: Date | null
  expiresAt: Date | null
  /** What the grant consists of; see grantObjects(). */
  wanted: readonly ObjectKey[]
  recorded: readonly RecordedObject[]
}

export type Step =
  /** Nothing to do before this moment; null is never. */
  | { do: 'wait'; until: Date | null }
  /** Judge once more, then commit the names of these objects. The cluster has not been touched for them. */
  | { do: 'wish'; objects: ObjectKey[] }
  /** Make these. Order makes no difference: none of them gives anything without the others. */
  | { do: 'make'; objects: ObjectKey[] }
  /** Everything is made: ask the cluster until it says allowed; then access begins. */
  | { do: 'prove-allowed' }
  /** Access is live: see that it is in the cluster as it was made, put right what is not, and come back at `until`. */
  | { do: 'inspect'; until: Date }
  /** Commit the wish that access ends. */
  | { do: 'end'; endedBy: EndReason }
  /** Remove these bindings, all at once. */
  | { do: 'remove'; objects: RecordedObject[] }
  /**
   * No binding is left: remove the rest, and meanwhile ask the cluster until it says denied. When both are done, access
   * has ended.
   */
  | { do: 'prove-denied'; remove: RecordedObject[] }

/** The next step for one grant. `now` is the database's time. */
export function plan(world: GrantWorld, now: Date): Step {
  switch (world.status) {
    case 'pending':
      return planPending(world, now)
    case 'active':
      if (world.expiresAt && now < world.expiresAt) return { do: 'inspect', until: world.expiresAt }
      return { do: 'end', endedBy: 'expiry' }
    case 'ending':
      return planEnding(world)
    case 'ended':
      return { do: 'wait', until: null }
  }
}

function planPending({ startsAt, wanted, recorded }: GrantWorld, now: Date): Step {
  if (startsAt && now < startsAt) return { do: 'wait', until: startsAt }
  const byKey = new Map(recorded.map((object) => [keyText(object), object]))
  const unwished = wanted.filter((object) => !byKey.has(keyText(object)))
  if (unwished.length > 0) return { do: 'wish', objects: unwished }
  const unmade = wanted.filter((object) => byKey.get(keyText(object))?.uid == null)
  return unmade.length > 0 ? { do: 'make', objects: unmade } : { do: 'prove-allowed' }
}

/**
 * Bindings go first, because authorization looks at them anew for each call, while a token stays good for some seconds
 * after its ServiceAccount is gone (the API server's authentication cache, 10 s). Once no binding is left, nothing that
 * remains gives anything, so the rest goes at once, and the cluster's answer no longer depends on it.
 *
 * NB: goes by what is recorded, not by what is wanted: whatever was ever wished for may exist.
 */
function planEnding({ recorded }: GrantWorld): Step {
  const left = recorded.filter(({ removedAt }) => removedAt === null)
  const bindings = left.filter(({ kind }) => kind === 'RoleBinding')
  if (bindings.length > 0) return { do: 'remove', objects: bindings }
  return { do: 'prove-denied', remove: left }
}
