import {
  type ClaimedGrant,
  claimGrants,
  clustersWithGrants,
  grantStatus,
  releaseLease,
  renewLeases,
  secondsToNextGrant,
} from '#lib/adapters/db/grants/grant-queue'
import { currentPolicy } from '#lib/adapters/policy/current'
import { log } from '#lib/observability/log'
import { reconcileGrant } from './reconcile-grant.ts'
import { startWork } from './work.ts'

/** Grants under way at once in one cluster: a cluster that hangs holds these up and nobody else's. */
const perCluster = 16
/** Milliseconds. A third of the lease, so that two renewals may fail. */
const renewEvery = 10_000
/**
 * Milliseconds in which several ends, and several questions about the next deadline, become one: nobody waits for these,
 * and asked for each by itself they would take the time of those who do wait.
 */
const pauseEvery = 20
/** However far the next deadline is: a clock that jumped, a lost notification, another worker's death. */
const longestNap = 15_000

export type Queue = {
  /** Something may be due; look at once. */
  wake(): void
  /** This grant was made or changed: it may be due, or whoever works on it here must look at it anew. */
  told(grantId: string): void
  /** Clusters that the configuration no longer knows but that still have grants; looked up now and then. */
  refreshClusters(): Promise<void>
  /** Takes nothing more, and waits until what is under way has ended. */
  stop(): Promise<void>
}

/** Works the queue: takes what is due, as soon as it is due, as much at once as each cluster may have under way. */
export function startQueue(worker: string): Queue {
  const underWay = new Map<string, { grant: ClaimedGrant; abort: AbortController; done: Promise<void> }>()
  /** What this worker ended and has not been told of yet: nothing is ever due for these again. */
  const over = new Set<string>()
  let forgotten: string[] = []
  let isStopping = false
  let isLooking = false
  let isDirty = false
  let wasFull = false
  let napTimer: NodeJS.Timeout | undefined
  let pauseTimer: NodeJS.Timeout | undefined

  function freeSlots(): Map<string, number> {
    const free = new Map<string, number>()
    for (const { name } of currentPolicy().configuration.clusters) free.set(name, perCluster)
    for (const name of forgotten) free.set(name, perCluster)
    for (const { grant } of underWay.values()) free.set(grant.cluster, (free.get(grant.cluster) ?? perCluster) - 1)
    for (const [name, count] of free) if (count <= 0) free.delete(name)
    return free
  }

  async function run(grant: ClaimedGrant, signal: AbortSignal) {
    try {
      await reconcileGrant(startWork(grant, signal), worker)
      if (grant.status === 'ended') over.add(grant.id)
    } catch (error) {
      // The database is away: the lease runs out by itself, and whoever can reach the database goes on.
      log.error({ grant: grant.id, err: error }, 'grant left to its lease')
      await releaseLease(worker, grant.id).catch(() => {})
    } finally {
      underWay.delete(grant.id)
      // What was changed under us, or waits for this slot, is due now. All else is due at a time yet to be asked for.
      if (wasFull || signal.aborted) wake()
      else pause()
    }
  }

  function begin(grant: ClaimedGrant) {
    const abort = new AbortController()
    const entry = { grant, abort, done: Promise.resolve() }
    underWay.set(grant.id, entry)
    entry.done = run(grant, abort.signal)
  }

  function napFor(ms: number) {
    clearTimeout(napTimer)
    if (!isStopping) napTimer = setTimeout(wake, Math.min(Math.max(ms, 0), longestNap))
  }

  /** Finds out, a little later, how long there is nothing to do. */
  function pause() {
    if (isStopping) return
    pauseTimer ??= setTimeout(async () => {
      pauseTimer = undefined
      try {
        const seconds = await secondsToNextGrant()
        // Due and nobody's: it was given back this moment, or waits for a slot, whose end wakes us anyway.
        if (seconds !== undefined && seconds <= 0) napFor(wasFull ? 1_000 : pauseEvery)
        else napFor(seconds === undefined ? longestNap : seconds * 1000)
      } catch (error) {
        log.warn({ err: error }, 'the queue cannot be read')
        napFor(1_000)
      }
    }, pauseEvery)
  }

  async function look() {
    const free = freeSlots()
    const claimed = free.size > 0 ? await claimGrants(worker, free) : []
    for (const grant of claimed) begin(grant)
    const used = new Map<string, number>()
    for (const { cluster } of claimed) used.set(cluster, (used.get(cluster) ?? 0) + 1)
    wasFull = free.size === 0 || [...used].some(([cluster, count]) => count === free.get(cluster))
    pause()
  }

  function wake() {
    isDirty = true
    if (isLooking || isStopping) return
    isLooking = true
    void (async () => {
      while (isDirty && !isStopping) {
        isDirty = false
        try {
          await look()
        } catch (error) {
          log.warn({ err: error }, 'the queue cannot be read')
          napFor(1_000)
        }
      }
      isLooking = false
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

  /** NB: what we did ourselves is notified too, so the row is asked whether it really was somebody else. */
  async function changed(grantId: string) {
    const entry = underWay.get(grantId)
    // What is ending cannot be changed by anybody else.
    const mayBeChanged = () => entry?.grant.status === 'pending' || entry?.grant.status === 'active'
    if (!mayBeChanged()) return
    try {
      if ((await grantStatus(grantId)) === 'ending' && mayBeChanged()) entry?.abort.abort()
    } catch (error) {
      log.warn({ grant: grantId, err: error }, 'a change of a grant cannot be read')
    }
  }

  const renewal = setInterval(renew, renewEvery)
  return {
    wake,
    told: (grantId) => {
      if (underWay.has(grantId)) void changed(grantId)
      else if (!over.delete(grantId)) wake()
    },
    refreshClusters: async () => {
      // Told while it was still under way, or never: the connection was lost.
      over.clear()
      forgotten = await clustersWithGrants()
    },
    stop: async () => {
      isStopping = true
      clearInterval(renewal)
      clearTimeout(napTimer)
      clearTimeout(pauseTimer)
      // Waits between questions end now; calls under way have ten seconds at the most.
      for (const { abort } of underWay.values()) abort.abort()
      await Promise.all([...underWay.values()].map(({ done }) => done))
    },
  }
}
