import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { closeClusters } from '#lib/adapters/cluster/client'
import { countPastEvents } from '#lib/adapters/db/audit/audit-counts'
import { saveTokenReview } from '#lib/adapters/db/clusters/save-cluster-state'
import { storeTokenReviews } from '#lib/adapters/db/clusters/token-review-times'
import { hastenGrants, releaseAllLeases } from '#lib/adapters/db/grants/grant-queue'
import { acceptCredentialCalls } from '#lib/adapters/db/grants/issue-here'
import { pruneIdempotencyKeys } from '#lib/adapters/db/idempotency'
import { listen } from '#lib/adapters/db/listen'
import { pruneBrowsers } from '#lib/adapters/db/notices/browsers'
import { pruneFullBuckets } from '#lib/adapters/db/people/rate-buckets'
import {
  deregisterWorker,
  pruneStale,
  recordHeartbeat,
  requestsToFollowUp,
  requestsToLapse,
  secondsToNextDeadline,
} from '#lib/adapters/db/workers'
import { currentPolicy, onPolicyChange } from '#lib/adapters/policy/current'
import { AppError } from '#lib/core/access/errors'
import { log } from '#lib/observability/log'
import { watchHandovers } from './announce-handovers.ts'
import { followUpRequest } from './follow-up-request.ts'
import { fulfillOrder, fulfillUnansweredOrders, issueHere } from './fulfill-order.ts'
import { lapseRequest } from './lapse-request.ts'
import { startLogWriter } from './log/log-writer.ts'
import { startNotifier } from './notices/notifier.ts'
import { startQueue } from './queue.ts'
import { readRightsOf } from './read-rights.ts'
import { refreshCluster } from './refresh-cluster.ts'
import { removeOldActivity } from './remove-old-activity.ts'
import { renewOwnToken } from './renew-token.ts'
import { readRotas } from './rotas/read-rotas.ts'
import { sweepCluster } from './sweep.ts'
import { workerActor } from './work.ts'

/** Seconds. After a lost notification or a crash, work that is left is found within this time. */
const sweepEvery = 15
/**
 * Seconds until a cluster that failed is read again. Its grants have backed off by up to half a minute, and expired access
 * must not wait that long once the cluster is back.
 */
const retryEvery = 3
/** Milliseconds between two heartbeats. Pages report a silent worker after several missed ones. */
const heartbeatEvery = 5_000

/** Runs `each` at most once at a time for one name, so that a slow cluster holds up only itself. */
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
    // `0` seconds means now: a run that is under way may have started with an older configuration, so another follows.
    if (!running.has(name)) running.set(name, run(name, seconds))
    else if (seconds === 0) again.add(name)
  }
  return { start, settled: () => Promise.all(running.values()) }
}

/**
 * Starts a worker: it works the queue, sweeps and reads the clusters until it is stopped. Several may run at once, in one
 * process or in many. The configuration must have been loaded (startPolicy).
 */
export function startWorker(): { stop(): Promise<void> } {
  const worker = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
  const queue = startQueue(worker)
  const notifier = startNotifier(worker)
  const logWriter = startLogWriter(worker)
  /** Clusters whose last reading failed, each with the timer of the next one. */
  const failing = new Map<string, NodeJS.Timeout>()
  const states = oneAtATime(readState, 'reading a cluster')
  const sweeps = oneAtATime((name, seconds) => sweepCluster(currentPolicy().configuration, name, seconds), 'sweep')
  const stopSignal = new AbortController()
  const rights = oneAtATime(
    (name) => readRightsOf(currentPolicy().configuration, name, stopSignal.signal),
    'reading rights',
  )
  const announceHandovers = watchHandovers()
  const orders = new Set<Promise<void>>()
  let isStopping = false
  let deadlineTimer: NodeJS.Timeout | undefined

  async function readState(name: string, seconds: number) {
    await renewOwnToken(currentPolicy().configuration, name).catch((error: unknown) =>
      log.warn({ cluster: name, err: error }, 'the token for a cluster is not kept fresh'),
    )
    const outcome = await refreshCluster(currentPolicy().configuration, name, seconds)
    if (outcome === 'skipped' || isStopping) return
    clearTimeout(failing.get(name))
    if (outcome === 'failed') {
      failing.set(
        name,
        setTimeout(() => states.start(name, retryEvery - 1), retryEvery * 1000),
      )
    } else if (failing.delete(name) && (await hastenGrants(name)) > 0) {
      queue.wake()
    }
  }

  const inBackground = (work: Promise<void>) => {
    const done = work
      .catch((error: unknown) => log.warn({ err: error }, 'background work failed'))
      .finally(() => orders.delete(done))
    orders.add(done)
  }

  const stopCredentialCalls = acceptCredentialCalls((...call) => {
    const issued = issueHere(...call)
    inBackground(issued.then(() => {}))
    return issued
  })

  const listener = listen(
    ['postern_grant', 'postern_credential', 'postern_outbox'],
    (channel, payload) => {
      if (isStopping) return
      if (channel === 'postern_credential') inBackground(fulfillOrder(payload))
      else if (channel === 'postern_outbox') notifier.wake(payload)
      else queue.notify(payload)
    },
    {
      onConnected: () => {
        queue.wake()
        notifier.wake()
        inBackground(fulfillUnansweredOrders())
      },
      onLost: (error) => log.warn({ err: error }, 'notifications are lost; the sweep goes on'),
    },
  )

  async function housekeeping() {
    await pruneStale()
    await pruneBrowsers()
    await pruneIdempotencyKeys()
    await pruneFullBuckets()
    await queue.refreshClusters()
    await storeTokenReviews(saveTokenReview)
    await meetDeadlines()
    await countPastEvents()
    await removeOldActivity(stopSignal.signal)
  }

  /**
   * Lets expired requests lapse, reminds and escalates, and runs again at the next deadline, if that is before the next sweep.
   * The deadlines are in the database, so a worker that starts later meets those that were missed.
   */
  async function meetDeadlines() {
    const actor = workerActor()
    for (const id of await requestsToLapse()) await lapseRequest(actor, id)
    for (const id of await requestsToFollowUp()) await followUp(actor, id)
    const seconds = await secondsToNextDeadline()
    clearTimeout(deadlineTimer)
    if (isStopping || seconds === undefined || seconds > sweepEvery) return
    deadlineTimer = setTimeout(() => inBackground(meetDeadlines()), Math.max(0.05, seconds) * 1000)
  }

  /** A request that can't be followed up, because its row is malformed, holds up no other. */
  async function followUp(actor: ReturnType<typeof workerActor>, id: string) {
    try {
      await followUpRequest(actor, id)
    } catch (error) {
      if (error instanceof AppError && error.code === 'unavailable') throw error
      log.warn({ request: id, err: error }, 'a request can be neither escalated nor reminded of')
    }
  }

  const refreshRotas = () => inBackground(readRotas().then(announceHandovers))

  function sweep(isFirst: boolean) {
    queue.wake()
    for (const { name } of currentPolicy().configuration.clusters) {
      states.start(name, isFirst ? 0 : sweepEvery - 1)
      rights.start(name, sweepEvery)
      // The row by which workers take turns is created by the first reading.
      if (!isFirst) sweeps.start(name, sweepEvery - 1)
      else void states.settled().then(() => isStopping || sweeps.start(name, sweepEvery - 1))
    }
    inBackground(housekeeping())
    refreshRotas()
  }

  const heartbeat = () => inBackground(recordHeartbeat(worker))
  heartbeat()
  sweep(true)
  const timers = [setInterval(() => sweep(false), sweepEvery * 1000), setInterval(heartbeat, heartbeatEvery)]
  const stopListening = onPolicyChange(() => {
    for (const { name } of currentPolicy().configuration.clusters) {
      states.start(name, 0)
      // Access that the new configuration no longer covers ends now.
      sweeps.start(name, 0)
    }
    queue.wake()
    refreshRotas()
  })
  log.info({ worker }, 'worker started')

  async function stop() {
    isStopping = true
    stopSignal.abort()
    stopListening()
    stopCredentialCalls()
    for (const timer of timers) clearInterval(timer)
    clearTimeout(deadlineTimer)
    for (const timer of failing.values()) clearTimeout(timer)
    await listener.stop()
    await Promise.all([
      queue.stop(),
      notifier.stop(),
      logWriter.stop(),
      states.settled(),
      rights.settled(),
      sweeps.settled(),
      ...orders,
    ])
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
