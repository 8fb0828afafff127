import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { refusalsUnrecorded } from '#lib/auth/refusals'

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
  return {
    registry,
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
