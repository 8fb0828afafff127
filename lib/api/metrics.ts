import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { refusalsUnrecorded } from '#lib/auth/refusals'
import { readGauges } from '#lib/db/gauges'
import { log } from '#lib/log'

// One registry per process: Next puts this module into several bundles.

function make() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'postern_refusals_unrecorded',
    help: 'Refused sign-ins and bearer tokens that were counted but not recorded, since this process began.',
    registers: [registry],
    collect() {
      this.set(refusalsUnrecorded())
    },
  })
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  return {
    registry,
    pendingRequests: gauge('postern_requests_pending', 'Requests that wait for a decision.'),
    grants: gauge('postern_grants', 'Grants that are not over, by status.', ['status']),
    overdueGrants: gauge(
      'postern_grants_overdue',
      'Grants past their end by ten seconds, their end not proven. Alert on it.',
    ),
    workerSilent: gauge('postern_worker_silent_seconds', 'Since a worker gave a sign of life. Alert above 60.'),
    calls: new Counter({
      name: 'postern_api_calls_total',
      help: 'Calls of the API by operation and status.',
      labelNames: ['operation', 'status'],
      registers: [registry],
    }),
    seconds: new Histogram({
      name: 'postern_api_call_seconds',
      help: 'How long calls of the API took.',
      labelNames: ['operation'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    }),
  }
}

const shared = globalThis as typeof globalThis & { posternMetrics?: ReturnType<typeof make> }

/** The metrics of this process. */
export function metrics(): ReturnType<typeof make> {
  shared.posternMetrics ??= make()
  return shared.posternMetrics
}

/** The metrics as Prometheus reads them. While the database is away, what it would say is left out, not guessed. */
export async function metricsText(): Promise<string> {
  const { registry, pendingRequests, grants, overdueGrants, workerSilent } = metrics()
  for (const gauge of [pendingRequests, overdueGrants, workerSilent]) gauge.remove()
  grants.reset()
  try {
    const now = await readGauges()
    pendingRequests.set(now.pendingRequests)
    overdueGrants.set(now.overdueGrants)
    for (const [status, count] of Object.entries(now.grants)) grants.set({ status }, count)
    if (now.workerSilentSeconds !== null) workerSilent.set(now.workerSilentSeconds)
  } catch (error) {
    log.warn({ err: error }, 'metrics without the database')
  }
  return registry.metrics()
}
