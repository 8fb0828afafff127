import {
  type ClaimedGrant,
  claimGrants,
  clustersWithGrants,
  grantStatus,
  releaseLease,
  renewLeases,
  secondsToNextGrant,
} from '#lib/db/grant-queue'
import { log } from '#lib/log'
import { currentPolicy } from '#lib/policy/current'
import { clientFor } from './clusters.ts'
import { reconcileGrant } from './reconcile-grant.ts'
import { type Work, writingOf } from './work.ts'

/** Grants under way at once in one cluster: a cluster that hangs holds these up and nobody else's. */
const perCluster = 16
/** Milliseconds. A third of the lease, so that two renewals may fail. */
const renewEvery = 10_000
/** However far the next deadline is: a clock that jumped, a lost notification, another worker's death. */
const longestNap = 15_000

export type Queue = {
  /** Something may be due; look at once. */
  wake(): void
  /** Somebody changed this grant: whoever works on it here stops waiting and looks at it anew. */
  changed(grantId: string): void
  /** Clusters that the configuration no longer knows but that still have grants; looked up now and then. */
  refreshClusters(): Promise<void>
  /** Takes nothing more, and waits until what is under way has ended. */
  stop(): Promise<void>
}

function workOn(grant: ClaimedGrant, signal: AbortSignal): Work {
  const received = performance.now()
  const policy = currentPolicy()
  return {
    grant,
    policy,
    signal,
    client: () => clientFor(policy.configuration, grant.cluster),
    // The database said `now`; from there a clock that nobody can set goes on.
    clock: () => new Date(grant.now.getTime() + performance.now() - received),
    writing: writingOf(grant),
    made: [],
    unsaved: [],
    isJudged: false,
  }
}

/** Works the queue: takes what is due, as soon as it is due, as much at once as each cluster may have under way. */
export function startQueue(worker: string): Queue {
  const underWay = new Map<string, { grant: ClaimedGrant; abort: AbortController; done: Promise<void> }>()
  let forgotten: string[] = []
  let isStopping = false
  let isLooking = false
  let isDirty = false
  let timer: NodeJS.Timeout | undefined

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
      await reconcileGrant(workOn(grant, signal), worker)
    } catch (error) {
      // The database is away: the lease runs out by itself, and whoever can reach the database goes on.
      log.error({ grant: grant.id, err: error }, 'grant left to its lease')
      await releaseLease(worker, grant.id).catch(() => {})
    } finally {
      underWay.delete(grant.id)
      wake()
    }
  }

  function begin(grant: ClaimedGrant) {
    const abort = new AbortController()
    const entry = { grant, abort, done: Promise.resolve() }
    underWay.set(grant.id, entry)
    entry.done = run(grant, abort.signal)
  }

  function napFor(ms: number) {
    clearTimeout(timer)
    timer = setTimeout(wake, Math.min(Math.max(ms, 0), longestNap))
  }

  async function look() {
    const free = freeSlots()
    const claimed = free.size > 0 ? await claimGrants(worker, free) : []
    for (const grant of claimed) begin(grant)
    if (isDirty || isStopping) return
    // The end of what was just begun looks again; until then nobody needs to know what is next, and the time is theirs.
    if (claimed.length > 0) return napFor(longestNap)
    const seconds = await secondsToNextGrant()
    // What is due and was not taken is another worker's, or waits for a slot: the end of something wakes us for that.
    napFor(seconds === undefined ? longestNap : Math.max(seconds * 1000, seconds <= 0 ? 1_000 : 0))
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
    if (entry?.grant.status !== 'pending') return
    try {
      if ((await grantStatus(grantId)) === 'ending' && entry.grant.status === 'pending') entry.abort.abort()
    } catch (error) {
      log.warn({ grant: grantId, err: error }, 'a change of a grant cannot be read')
    }
  }

  const renewal = setInterval(renew, renewEvery)
  return {
    wake,
    changed: (grantId) => void changed(grantId),
    refreshClusters: async () => {
      forgotten = await clustersWithGrants()
    },
    stop: async () => {
      isStopping = true
      clearInterval(renewal)
      clearTimeout(timer)
      // Waits between questions end now; calls under way have ten seconds at the most.
      for (const { abort } of underWay.values()) abort.abort()
      await Promise.all([...underWay.values()].map(({ done }) => done))
    },
  }
}
