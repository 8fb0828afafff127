import { createHash, timingSafeEqual } from 'node:crypto'
import { Gauge, Registry } from 'prom-client'
import { poolCounts } from '#lib/adapters/db/client'
import { type Gauges, readGauges } from '#lib/adapters/db/gauges'
import { currentPolicy } from '#lib/adapters/policy/current'
import { findingKinds } from '#lib/core/access/finding'
import { env } from '#lib/env'
import { log } from '#lib/observability/log'
import { metrics } from '#lib/observability/metrics'

// What GET /metrics answers: what this process counted, and what is true of all replicas at once, read from the database
// at this moment. The latter is the same from every replica: `max`, never `sum`.

const global = 'The same from every replica.'

/** A registry for one answer: what is not known at that moment is not in it, and nothing of the last answer is left. */
function globalRegistry(now: Gauges | null, clusters: ReadonlySet<string>, isRefused: boolean): Registry {
  const registry = new Registry()
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  gauge('postern_database_up', 'Whether the database answered this process just now.').set(now ? 1 : 0)
  gauge(
    'postern_configuration_refused',
    'Whether postern.yaml as it is now was refused by this process, so that an older version is in force.',
  ).set(isRefused ? 1 : 0)
  if (!now) return registry

  gauge('postern_requests_pending', `Requests that wait for a decision. ${global}`).set(now.pendingRequests)
  const grants = gauge('postern_grants', `Grants that are not over, by status. ${global}`, ['status'])
  for (const [status, count] of Object.entries(now.grants)) grants.set({ status }, count)
  gauge('postern_grants_overdue', `Grants past their end by ten seconds, their end not proven. ${global}`).set(
    now.overdueGrants,
  )
  gauge(
    'postern_ending_oldest_seconds',
    `For how long the oldest grant that should be over has been past its end; 0 where there is none. ${global}`,
  ).set(now.oldestEndingSeconds)
  gauge('postern_grants_failing', `Grants whose last attempt failed. ${global}`).set(now.failingGrants)
  gauge('postern_queue_due', `Grants that are due and that no worker has taken. ${global}`).set(now.due.count)
  gauge('postern_queue_oldest_due_seconds', `For how long the first of these has waited. ${global}`).set(
    now.due.oldestSeconds,
  )
  if (now.workerSilentSeconds !== null) {
    gauge('postern_worker_silent_seconds', `Since a worker gave a sign of life. ${global}`).set(now.workerSilentSeconds)
  }
  const reachable = gauge('postern_cluster_reachable', `Whether the last look reached the cluster. ${global}`, [
    'cluster',
  ])
  const clusterStateAge = gauge('postern_cluster_look_age_seconds', `Since the cluster was looked at. ${global}`, [
    'cluster',
  ])
  const sweepAge = gauge('postern_cluster_sweep_age_seconds', `Since the cluster was swept to its end. ${global}`, [
    'cluster',
  ])
  const findings = gauge('postern_findings_open', `Findings that nothing came of yet. ${global}`, ['cluster', 'kind'])
  for (const cluster of clusters) for (const kind of findingKinds) findings.set({ cluster, kind }, 0)
  for (const { cluster, kind, count } of now.findings) {
    if (clusters.has(cluster)) findings.set({ cluster, kind }, count)
  }
  for (const { name, ...state } of now.clusters) {
    // What was once configured stays in the table, and nobody looks at it any more.
    if (!clusters.has(name)) continue
    reachable.set({ cluster: name }, state.reachable ? 1 : 0)
    clusterStateAge.set({ cluster: name }, state.clusterStateAge)
    if (state.sweepAge !== null) sweepAge.set({ cluster: name }, state.sweepAge)
  }
  return registry
}

type Configured = { clusters: readonly string[]; isRefused: boolean }

function configuredNow(): Configured {
  const { configuration, refused } = currentPolicy()
  return { clusters: configuration.clusters.map(({ name }) => name), isRefused: refused !== null }
}

/**
 * The metrics as Prometheus reads them. While the database is away, what it would say is left out, not guessed.
 * @param configured names of the clusters, and whether a newer configuration was refused
 */
export async function metricsText(configured = configuredNow()): Promise<string> {
  const { registry, databaseConnections } = metrics()
  for (const [state, count] of Object.entries(poolCounts())) databaseConnections.set({ state }, count)
  const now = await readGauges().catch((error: unknown) => {
    log.warn({ err: error }, 'metrics without the database')
    return null
  })
  const merged = Registry.merge([registry, globalRegistry(now, new Set(configured.clusters), configured.isRefused)])
  return merged.metrics()
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/** May whoever sent this read the metrics? Only with the token of the environment; where there is none, nobody. */
export function mayReadMetrics(authorization: string | null): boolean {
  const { metricsToken } = env()
  if (!metricsToken) return false
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${metricsToken}`))
}
