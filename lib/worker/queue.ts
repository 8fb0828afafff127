import { AsyncLocalStorage } from 'node:async_hooks'
import type { ClaimedGrant } from '#lib/adapters/db/grants/claimed-grant'
import {
  claimGrants,
  clustersWithGrants,
  grantStatus,
  releaseLease,
  renewLeases,
  secondsToNextGrant,
} from '#lib/adapters/db/grants/grant-queue'
import { acceptHandOvers, type Reservation } from '#lib/adapters/db/grants/hand-over'
import { currentPolicy } from '#lib/adapters/policy/current'
import { freeSlots, isEndSlot, type SlotKind, type Slots, slotKinds } from '#lib/core/grants/slots'
import { log } from '#lib/observability/log'
import { reconcileGrant } from './reconcile-grant.ts'
import { startWork } from './work.ts'

/** Milliseconds. A third of the lease, so that two renewals in a row may fail. */
const renewEvery = 10_000
/** Milliseconds until the shorter lease of a grant that was handed over is renewed, so that two renewals in a row may fail. */
const renewHandedAfter = 3_000
/**
 * Milliseconds after a finished grant until the queue asks for the next deadline: many grants that finish together need one
 * query, and no one waits for it.
 */
const settleMs = 20
/** Milliseconds. However far the next deadline is: a clock may jump, a notification get lost, another worker crash. */
const longestWaitMs = 15_000

export type Queue = {
  /** A grant may be due: checks at once. */
  wake(): void
  /**
   * The id and the new status of a grant that was created or changed: it may be due, or the pass that works on it must start
   * over.
   */
  notify(payload: string): void
  /** Finds the clusters that left the configuration and still have grants. */
  refreshClusters(): Promise<void>
  /** Claims no more grants, and waits for the passes that are under way. */
  stop(): Promise<void>
}

/** Ends start first. */
const inOrder = (claimed: readonly ClaimedGrant[]) =>
  claimed.toSorted((a, b) => slotKinds.indexOf(a.slot) - slotKinds.indexOf(b.slot))

/** Whether grants may wait for a slot that another one occupies. */
function isAnyFull(clusters: number, free: readonly Slots[], claimed: readonly ClaimedGrant[]): boolean {
  if (free.length < clusters * slotKinds.length) return true
  const countOf = (cluster: string, kind: SlotKind) =>
    claimed.filter((grant) => grant.cluster === cluster && grant.slot === kind).length
  return free.some(({ cluster, kind, count }) => countOf(cluster, kind) === count)
}

/** Works the queue: claims grants as soon as they are due, as many as have a free slot in their cluster. */
export function startQueue(worker: string): Queue {
  const underWay = new Map<string, { grant: ClaimedGrant; abort: AbortController; done: Promise<void> }>()
  /** Slots that are kept for grants whose transaction is not over yet, by the id of the grant. */
  const reserved = new Map<string, { cluster: string; kind: SlotKind }>()
  // A pass must not run in the context of the call that handed its grant over: it belongs to no caller.
  const inQueue = AsyncLocalStorage.snapshot()
  let unconfigured: string[] = []
  let isStopping = false
  let isChecking = false
  /** The last check of the queue. */
  let checked = Promise.resolve()
  let isDirty = false
  let wasFull = false
  let wakeTimer: NodeJS.Timeout | undefined
  let settleTimer: NodeJS.Timeout | undefined
  let renewTimer: NodeJS.Timeout | undefined
  /** When the timer wakes the queue; Infinity while it is not set. */
  let wakeAt = Number.POSITIVE_INFINITY
  /** The time of this process's clock at which a grant is due that this worker made active; Infinity without any. */
  let nextExpiry = Number.POSITIVE_INFINITY

  const clusters = () => new Set([...currentPolicy().configuration.clusters.map(({ name }) => name), ...unconfigured])

  const occupied = () => [
    ...[...underWay.values()].map(({ grant: { cluster, slot } }) => ({ cluster, kind: slot })),
    ...reserved.values(),
  ]

  const isOnlyEnd = (grant: ClaimedGrant) =>
    ![...underWay.values()].some(
      ({ grant: other }) => other.id !== grant.id && other.cluster === grant.cluster && isEndSlot(other.slot),
    )

  async function run(grant: ClaimedGrant, signal: AbortSignal) {
    const isBeginning = grant.status === 'pending'
    let clock: (() => Date) | undefined
    try {
      const work = startWork(grant, signal, () => isOnlyEnd(grant))
      clock = work.clock
      await reconcileGrant(work, worker)
    } catch (error) {
      // The database is unavailable: the lease runs out, and a worker that can reach the database takes over.
      log.error({ grant: grant.id, err: error }, 'grant left to its lease')
      await releaseLease(worker, grant.id).catch(() => {})
    } finally {
      underWay.delete(grant.id)
      // A grant that was changed meanwhile, or that waits for this slot, is due now.
      if (wasFull || signal.aborted) wake()
      // Nothing else can have become due by these, so the queue need not be asked.
      else if (clock && isBeginning && grant.status === 'active' && grant.expiresAt) expireAt(grant.expiresAt, clock())
      else if (grant.status !== 'ended') planWake()
    }
  }

  function begin(grant: ClaimedGrant) {
    const abort = new AbortController()
    const entry = { grant, abort, done: Promise.resolve() }
    underWay.set(grant.id, entry)
    entry.done = run(grant, abort.signal)
  }

  function wakeIn(ms: number) {
    clearTimeout(wakeTimer)
    if (isStopping) return
    const soonest = Math.max(0, Math.min(ms, nextExpiry - performance.now(), longestWaitMs))
    wakeAt = performance.now() + soonest
    wakeTimer = setTimeout(() => {
      wakeAt = nextExpiry = Number.POSITIVE_INFINITY
      wake()
    }, soonest)
  }

  /** Wakes when this grant expires, unless something else is due before. */
  function expireAt(expiresAt: Date, now: Date) {
    const at = performance.now() + expiresAt.getTime() - now.getTime()
    nextExpiry = Math.min(nextExpiry, at)
    if (at < wakeAt) wakeIn(longestWaitMs)
  }

  /** Asks a little later for the next deadline, and wakes then. */
  function planWake() {
    if (isStopping) return
    settleTimer ??= setTimeout(async () => {
      settleTimer = undefined
      try {
        const seconds = await secondsToNextGrant()
        // Due and unclaimed: it was released at this moment, or waits for a slot, whose end wakes the queue anyway.
        if (seconds !== undefined && seconds <= 0) wakeIn(wasFull ? 1_000 : settleMs)
        else wakeIn(seconds === undefined ? longestWaitMs : seconds * 1000)
      } catch (error) {
        log.warn({ err: error }, 'the queue cannot be read')
        wakeIn(1_000)
      }
    }, settleMs)
  }

  async function claimDue() {
    const names = clusters()
    const free = freeSlots(names, occupied())
    const claimed = free.length > 0 ? await claimGrants(worker, free) : []
    // Its stop returns every lease to the queue afterwards.
    if (isStopping) return
    for (const grant of inOrder(claimed)) begin(grant)
    wasFull = isAnyFull(names.size, free, claimed)
    planWake()
  }

  function wake() {
    isDirty = true
    if (isChecking || isStopping) return
    isChecking = true
    checked = (async () => {
      while (isDirty && !isStopping) {
        isDirty = false
        try {
          await claimDue()
        } catch (error) {
          log.warn({ err: error }, 'the queue cannot be read')
          wakeIn(1_000)
        }
      }
      isChecking = false
    })()
  }

  async function renew() {
    const ids = [...underWay.keys()]
    if (ids.length === 0) return
    try {
      const still = new Set(await renewLeases(worker, ids))
      for (const id of ids) if (!still.has(id)) underWay.get(id)?.abort.abort()
    } catch (error) {
      log.warn({ err: error }, 'leases cannot be renewed')
    }
  }

  /** NB: this worker's own changes are notified too, so the row is read to find out whether another process ended it. */
  async function abortIfEnding(grantId: string) {
    const entry = underWay.get(grantId)
    // Once a grant is ending, no other process changes it.
    const canBeEnded = () => entry?.grant.status === 'pending' || entry?.grant.status === 'active'
    if (!canBeEnded()) return
    try {
      if ((await grantStatus(grantId)) !== 'ending') return
      if (!underWay.has(grantId)) wake()
      else if (canBeEnded()) entry?.abort.abort()
    } catch (error) {
      log.warn({ grant: grantId, err: error }, 'a changed grant cannot be read')
    }
  }

  /**
   * Not while grants wait for a slot: they take turns, and no one gets ahead of them. A claim that is under way may fill the same
   * slot; then there is one pass more for a moment.
   */
  function reserve(grantId: string, cluster: string, kind: SlotKind): Reservation | undefined {
    if (isStopping || wasFull || !clusters().has(cluster)) return undefined
    if (!freeSlots([cluster], occupied()).some((slots) => slots.kind === kind)) return undefined
    reserved.set(grantId, { cluster, kind })
    return {
      worker,
      take: (grant) => {
        reserved.delete(grantId)
        if (isStopping) void releaseLease(worker, grantId).catch(() => {})
        else inQueue(beginHanded, grant)
      },
      cancel: () => {
        reserved.delete(grantId)
        if (underWay.has(grantId)) return
        // If it did commit, its lease is this worker's, and no one works on it.
        void releaseLease(worker, grantId).then(wake, () => {})
      },
    }
  }

  function beginHanded(grant: ClaimedGrant) {
    begin(grant)
    renewTimer ??= setTimeout(() => {
      renewTimer = undefined
      void renew()
    }, renewHandedAfter)
  }

  const stopHandOvers = acceptHandOvers(reserve)
  const renewal = setInterval(renew, renewEvery)
  return {
    wake,
    notify: (payload) => {
      const [grantId = '', status] = payload.split(' ')
      // The queue is asked at each deadline, so access that began needs no look, and access that ended is never due again.
      if (status === 'active' || status === 'ended' || reserved.has(grantId)) return
      if (!underWay.has(grantId)) wake()
      else if (status !== 'pending') void abortIfEnding(grantId)
    },
    refreshClusters: async () => {
      unconfigured = await clustersWithGrants()
    },
    stop: async () => {
      isStopping = true
      stopHandOvers()
      clearInterval(renewal)
      clearTimeout(renewTimer)
      clearTimeout(wakeTimer)
      clearTimeout(settleTimer)
      // Waits between probes end now; calls that are under way take at most ten seconds.
      for (const { abort } of underWay.values()) abort.abort()
      await checked
      await Promise.all([...underWay.values()].map(({ done }) => done))
    },
  }
}
