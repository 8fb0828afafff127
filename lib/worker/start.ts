import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { closeClusters } from '#lib/adapters/cluster/client'
import { hastenGrants, releaseAllLeases } from '#lib/adapters/db/grants/grant-queue'
import { pruneIdempotencyKeys } from '#lib/adapters/db/idempotency'
import { listen } from '#lib/adapters/db/listen'
import { pruneFullBuckets } from '#lib/adapters/db/people/rate-buckets'
import {
  deregisterWorker,
  pruneStale,
  recordHeartbeat,
  requestsToLapse,
  secondsToNextLapse,
} from '#lib/adapters/db/workers'
import { currentPolicy, onPolicyChange } from '#lib/adapters/policy/current'
import { log } from '#lib/observability/log'
import { answerOrder, answerWaitingOrders } from './fulfill-order.ts'
import { lapseRequest } from './lapse-request.ts'
import { startQueue } from './queue.ts'
import { readRightsOf } from './read-rights.ts'
import { refreshCluster } from './refresh-cluster.ts'
import { sweepCluster } from './sweep.ts'
import { workerActor } from './work.ts'

/** Seconds. What a lost notification or a crash left undone is put right within this time. */
const sweepEvery = 15
/**
 * Seconds until a cluster in trouble is looked at again. What waits for it has backed off by up to half a minute, and
 * access that is past its end waits for nothing once the cluster is back.
 */
const troubleEvery = 3
/** Milliseconds between two signs of life; pages call a worker silent after several missed ones. */
const beatEvery = 5_000

/** Runs `each` for what is asked for, at most once at a time for one name; a slow one holds up only itself. */
function oneAtATime(each: (name: string, seconds: number) => Promise<unknown>, what: string) {
  const running = new Map<string, Promise<void>>()
  const again = new Set<string>()
  async function run(name: string, seconds: number) {
    try {
      await each(name, seconds)
    } catch (error) {
      log.warn({ cluster: name, err: error }, `${what} failed`)
    }
    running.delete(name)
    if (again.delete(name)) start(name, 0)
  }
  function start(name: string, seconds: number) {
    // Asked for at once (0) while one is under way: that one may have begun with what is no longer true.
    if (!running.has(name)) running.set(name, run(name, seconds))
    else if (seconds === 0) again.add(name)
  }
  return { start, settled: () => Promise.all(running.values()) }
}

/**
 * Works the queue, sweeps and looks at the clusters, until it is stopped. Several may run at once, in one process or in
 * many. The configuration must have been started (startPolicy).
 */
export function startWorker(): { stop(): Promise<void> } {
  const worker = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
  const queue = startQueue(worker)
  /** Clusters that were in trouble when this worker looked last, each with its next look. */
  const troubled = new Map<string, NodeJS.Timeout>()
  const looks = oneAtATime(look, 'look')
  const sweeps = oneAtATime((name, seconds) => sweepCluster(currentPolicy().configuration, name, seconds), 'sweep')
  const stopSignal = new AbortController()
  const readings = oneAtATime(
    (name) => readRightsOf(currentPolicy().configuration, name, stopSignal.signal),
    'reading of rights',
  )
  const orders = new Set<Promise<void>>()
  let isStopping = false
  let lapseTimer: NodeJS.Timeout | undefined

  async function look(name: string, seconds: number) {
    const seen = await refreshCluster(currentPolicy().configuration, name, seconds)
    if (seen === 'skipped' || isStopping) return
    clearTimeout(troubled.get(name))
    if (seen === 'trouble') {
      troubled.set(
        name,
        setTimeout(() => looks.start(name, troubleEvery - 1), troubleEvery * 1000),
      )
    } else if (troubled.delete(name) && (await hastenGrants(name)) > 0) {
      queue.wake()
    }
  }

  const inBackground = (work: Promise<void>) => {
    const done = work
      .catch((error: unknown) => log.warn({ err: error }, 'background work failed'))
      .finally(() => orders.delete(done))
    orders.add(done)
  }

  const listener = listen(
    ['postern_grant', 'postern_credential'],
    (channel, payload) => {
      if (isStopping) return
      if (channel === 'postern_credential') {
        inBackground(answerOrder(payload))
      } else {
        queue.told(payload)
      }
    },
    {
      onConnected: () => {
        queue.wake()
        inBackground(answerWaitingOrders())
      },
      onLost: (error) => log.warn({ err: error }, 'notifications are not heard; the sweep goes on'),
    },
  )

  async function housekeeping() {
    await pruneStale()
    await pruneIdempotencyKeys()
    await pruneFullBuckets()
    await queue.refreshClusters()
    await lapse()
  }

  /** Lets lapse what is due, and comes back at the moment when the next one is, if that is before the next sweep. */
  async function lapse() {
    const actor = workerActor()
    for (const id of await requestsToLapse()) await lapseRequest(actor, id)
    const seconds = await secondsToNextLapse()
    clearTimeout(lapseTimer)
    if (isStopping || seconds === undefined || seconds > sweepEvery) return
    lapseTimer = setTimeout(() => inBackground(lapse()), Math.max(0, seconds) * 1000)
  }

  function sweep(isFirst: boolean) {
    queue.wake()
    for (const { name } of currentPolicy().configuration.clusters) {
      looks.start(name, isFirst ? 0 : sweepEvery - 1)
      readings.start(name, sweepEvery)
      // The row that says whose turn it is comes with the first look.
      if (!isFirst) sweeps.start(name, sweepEvery - 1)
      else void looks.settled().then(() => isStopping || sweeps.start(name, sweepEvery - 1))
    }
    inBackground(housekeeping())
  }

  const pulse = () => inBackground(recordHeartbeat(worker))
  pulse()
  sweep(true)
  const timers = [setInterval(() => sweep(false), sweepEvery * 1000), setInterval(pulse, beatEvery)]
  const stopHearing = onPolicyChange(() => {
    for (const { name } of currentPolicy().configuration.clusters) {
      looks.start(name, 0)
      // What the new configuration does not cover any more ends now.
      sweeps.start(name, 0)
    }
    queue.wake()
  })
  log.info({ worker }, 'worker started')

  async function stop() {
    isStopping = true
    stopSignal.abort()
    stopHearing()
    for (const timer of timers) clearInterval(timer)
    clearTimeout(lapseTimer)
    for (const timer of troubled.values()) clearTimeout(timer)
    await listener.stop()
    await Promise.all([queue.stop(), looks.settled(), readings.settled(), sweeps.settled(), ...orders])
    await releaseAllLeases(worker)
    await deregisterWorker(worker)
    await closeClusters()
    log.info({ worker }, 'worker stopped')
  }
  let stopping: Promise<void> | undefined
  return {
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}
