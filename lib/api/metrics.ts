import { createHash, timingSafeEqual } from 'node:crypto'
import { Gauge, Registry } from 'prom-client'
import { poolCounts } from '#lib/adapters/db/client'
import { type Gauges, readGauges } from '#lib/adapters/db/gauges'
import { logVerifiers } from '#lib/adapters/db/log/log-keys'
import { currentPolicy } from '#lib/adapters/policy/current'
import { findingKinds } from '#lib/core/access/finding'
import { severities } from '#lib/core/access/severity'
import type { VerifierKey } from '#lib/core/log/checkpoint'
import { channelNames } from '#lib/core/notices/kinds'
import { env } from '#lib/env'
import { log } from '#lib/observability/log'
import { metrics } from '#lib/observability/metrics'

// GET /metrics: the counters of this process, and gauges about all replicas, read from the database at each scrape.
// Every replica reports the same gauges, so aggregate them with `max`, never with `sum`.

const global = 'The same from every replica.'

/** A registry for one scrape: unknown values are absent, and no value of the previous scrape is left. */
function globalRegistry(now: Gauges | null, configured: Configured): Registry {
  const { isRefused } = configured
  const clusters = new Set(configured.clusters)
  const rotas = new Set(configured.rotas)
  const registry = new Registry()
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  gauge('postern_database_up', '1 if the database responded to this process at this scrape.').set(now ? 1 : 0)
  gauge(
    'postern_configuration_refused',
    '1 if this process rejected the current postern.yaml and still uses an older version.',
  ).set(isRefused ? 1 : 0)
  if (!now) return registry

  gauge('postern_requests_pending', `Requests waiting for a decision. ${global}`).set(now.pendingRequests)
  const grants = gauge('postern_grants', `Grants that have not ended, by status. ${global}`, ['status'])
  for (const [status, count] of Object.entries(now.grants)) grants.set({ status }, count)
  gauge(
    'postern_grants_overdue',
    `Grants more than ten seconds past their end, not yet confirmed as denied. ${global}`,
  ).set(now.overdueGrants)
  gauge(
    'postern_ending_oldest_seconds',
    `How long the oldest grant that should have ended is past its end; 0 without one. ${global}`,
  ).set(now.oldestEndingSeconds)
  gauge('postern_grants_failing', `Grants whose last attempt failed. ${global}`).set(now.failingGrants)
  gauge('postern_queue_due', `Grants that are due and not claimed by a worker. ${global}`).set(now.due.count)
  gauge('postern_queue_oldest_due_seconds', `How long the oldest of these has been waiting. ${global}`).set(
    now.due.oldestSeconds,
  )
  if (now.workerSilentSeconds !== null) {
    gauge('postern_worker_silent_seconds', `Time since the last heartbeat of any worker. ${global}`).set(
      now.workerSilentSeconds,
    )
  }
  gauge(
    'postern_log_lag_seconds',
    `How long ago the oldest event happened that is not in a signed checkpoint of the log; 0 without one. ${global}`,
  ).set(now.logLagSeconds)
  const anchorLag = gauge(
    'postern_log_anchor_lag_seconds',
    `How long ago the oldest checkpoint was signed that an anchor has not kept; 0 without one. ${global}`,
    ['anchor'],
  )
  for (const { name, lagSeconds } of now.anchors) anchorLag.set({ anchor: name }, lagSeconds)
  const forwardLag = gauge(
    'postern_log_forward_lag_seconds',
    `How long ago the oldest event happened that a syslog receiver has not read; 0 without one. ${global}`,
    ['receiver'],
  )
  for (const { name, lagSeconds } of now.forwards) forwardLag.set({ receiver: name }, lagSeconds)
  const reachable = gauge('postern_cluster_reachable', `1 if Postern could read the cluster the last time. ${global}`, [
    'cluster',
  ])
  const stateAge = gauge('postern_cluster_state_age_seconds', `Time since the cluster was last read. ${global}`, [
    'cluster',
  ])
  const sweepAge = gauge('postern_cluster_sweep_age_seconds', `Time since the last complete sweep. ${global}`, [
    'cluster',
  ])
  const tokenLifeLeft = gauge(
    'postern_cluster_token_life_left',
    `The part of the life of Postern's own token that is left, from 1 to 0; absent if it does not expire. ${global}`,
    ['cluster'],
  )
  const webhook = {
    accepted: gauge(
      'postern_token_webhook_accepted',
      `1 if the API server accepted the last token of Postern with which it was tried. ${global}`,
      ['cluster'],
    ),
    age: gauge('postern_token_review_age_seconds', `Time since the API server last sent a TokenReview. ${global}`, [
      'cluster',
    ]),
    grants: gauge('postern_vouched_grants', `Active grants whose tokens Postern signs. ${global}`, ['cluster']),
  }
  const findings = gauge('postern_findings_open', `Unresolved findings. ${global}`, ['cluster', 'kind'])
  for (const cluster of clusters) for (const kind of findingKinds) findings.set({ cluster, kind }, 0)
  for (const { cluster, kind, count } of now.findings) {
    if (clusters.has(cluster)) findings.set({ cluster, kind }, count)
  }
  const bySeverity = ['cluster', 'severity']
  const open = 'Open findings about standing access'
  const postures = {
    count: gauge('postern_posture_findings', `${open}, neither accepted nor suppressed. ${global}`, bySeverity),
    newCount: gauge('postern_posture_new_findings', `Those of them since the baseline. ${global}`, bySeverity),
    setAside: gauge(
      'postern_posture_set_aside_findings',
      `${open} that are accepted or suppressed. ${global}`,
      bySeverity,
    ),
  }
  for (const [field, posture] of Object.entries(postures)) {
    for (const cluster of clusters) for (const severity of severities) posture.set({ cluster, severity }, 0)
    for (const { cluster, severity, ...counts } of now.posture)
      if (clusters.has(cluster)) posture.set({ cluster, severity }, counts[field as keyof typeof postures])
  }
  gauge('postern_break_glass_in_use', `Break-glass access that has not ended. ${global}`).set(now.breakGlassInUse)
  gauge('postern_reviews_open', `Break-glass access without a review. ${global}`).set(now.reviewsOpen)
  gauge('postern_reviews_overdue', `Break-glass access whose review is past its deadline. ${global}`).set(
    now.reviewsOverdue,
  )
  const noticesWaiting = gauge('postern_notices_waiting', `Notices that are not delivered yet. ${global}`, ['channel'])
  const noticesOldest = gauge(
    'postern_notices_oldest_seconds',
    `How long the oldest of these has been waiting. ${global}`,
    ['channel'],
  )
  const noticesDead = gauge('postern_notices_dead', `Notices that were given up and can be sent again. ${global}`, [
    'channel',
  ])
  for (const channel of channelNames) {
    const state = now.channels.find((one) => one.channel === channel)
    noticesWaiting.set({ channel }, state?.waiting ?? 0)
    noticesOldest.set({ channel }, state?.oldestSeconds ?? 0)
    noticesDead.set({ channel }, state?.dead ?? 0)
  }
  const rotaAge = gauge('postern_rota_age_seconds', `Time since a rota outside of Postern was last read. ${global}`, [
    'rota',
  ])
  const rotaFailing = gauge('postern_rota_failing', `1 if the last reading of the rota failed. ${global}`, ['rota'])
  for (const { name, ageSeconds, problem } of now.rotas.filter(({ name }) => rotas.has(name))) {
    if (ageSeconds !== null) rotaAge.set({ rota: name }, ageSeconds)
    rotaFailing.set({ rota: name }, problem === null ? 0 : 1)
  }
  for (const { name, ...state } of now.clusters) {
    // Clusters that are no longer configured stay in the table, but are not read any more.
    if (!clusters.has(name)) continue
    reachable.set({ cluster: name }, state.reachable ? 1 : 0)
    stateAge.set({ cluster: name }, state.clusterStateAge)
    if (state.tokenLifeLeft !== null) tokenLifeLeft.set({ cluster: name }, state.tokenLifeLeft)
    if (state.sweepAge !== null) sweepAge.set({ cluster: name }, state.sweepAge)
    if (!configured.tokenWebhooks?.includes(name)) continue
    webhook.grants.set({ cluster: name }, state.vouched)
    if (state.tokenAccepted !== null) webhook.accepted.set({ cluster: name }, state.tokenAccepted ? 1 : 0)
    if (state.tokenReviewAge !== null) webhook.age.set({ cluster: name }, state.tokenReviewAge)
  }
  return registry
}

type Configured = {
  clusters: readonly string[]
  /** Those of them with `webhookAuthentication`. */
  tokenWebhooks?: readonly string[]
  anchors?: readonly string[]
  receivers?: readonly string[]
  /** Those that sign the log. */
  keys?: readonly VerifierKey[]
  rotas?: readonly string[]
  isRefused: boolean
}

function configuredNow(): Configured {
  const { configuration, refused } = currentPolicy()
  const namesOf = (all: ReadonlyArray<{ name: string }>) => all.map(({ name }) => name)
  return {
    clusters: namesOf(configuration.clusters),
    tokenWebhooks: namesOf(configuration.clusters.filter((one) => one.webhookAuthentication)),
    anchors: namesOf(configuration.log.anchors),
    receivers: namesOf(configuration.log.syslog),
    keys: logVerifiers(configuration.publicUrl),
    rotas: namesOf(configuration.rotas),
    isRefused: refused !== null,
  }
}

/**
 * The metrics in Prometheus' text format. While the database is unavailable, its gauges are absent.
 * @param configured the names of the clusters, and whether the current postern.yaml was rejected
 */
export async function metricsText(configured: Configured = configuredNow()): Promise<string> {
  const { registry, databaseConnections } = metrics()
  for (const [state, count] of Object.entries(poolCounts())) databaseConnections.set({ state }, count)
  const { anchors, receivers, keys } = configured
  const now = await readGauges(anchors, receivers, keys).catch((error: unknown) => {
    log.warn({ err: error }, 'the database is unavailable: metrics without its gauges')
    return null
  })
  const merged = Registry.merge([registry, globalRegistry(now, configured)])
  return merged.metrics()
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/** Does the Authorization header have POSTERN_METRICS_TOKEN? False if that is not set. */
export function mayReadMetrics(authorization: string | null): boolean {
  const { metricsToken } = env()
  if (!metricsToken) return false
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${metricsToken}`))
}
