import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { errorCodes } from '#lib/core/access/errors'
import { auditEventTypes } from '#lib/core/audit/events'

// What this process counts and times. What is true of all replicas at once is not counted here: it is read from the
// database when somebody looks (lib/api/metrics.ts). A label has few values, all of them ours or the configuration's:
// no label ever holds what a caller, a cluster or an identity provider said.

/** Seconds; calls of the API and of clusters. */
const callBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Seconds; what people wait for. The promises are seconds, the alerts half a minute, the retries go up to minutes. */
const lifecycleBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800]

function make() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, labelNames: L[], buckets: number[]) =>
    new Histogram<L>({ name, help, labelNames, buckets, registers })
  const instruments = {
    registry,
    calls: counter('postern_api_calls_total', 'Calls of the API by operation and status.', ['operation', 'status']),
    callSeconds: histogram('postern_api_call_seconds', 'How long calls of the API took.', ['operation'], callBuckets),
    events: counter(
      'postern_events_total',
      'Facts this process recorded, by type: requests, decisions, grants, repairs, refusals. docs/runbook.md lists them.',
      ['type'],
    ),
    refusals: counter('postern_refusals_total', 'What was refused at the API and in actions of pages, by kind.', [
      'kind',
    ]),
    rateLimited: counter('postern_rate_limited_total', 'Calls that had to wait, by whose bucket was empty.', [
      'bucket',
    ]),
    authenticationFailures: counter(
      'postern_authentication_failures_total',
      'Refused sign-ins and bearer tokens, by door and reason.',
      ['door', 'reason'],
    ),
    refusalsUnrecorded: counter(
      'postern_refusals_unrecorded_total',
      'Refused sign-ins and bearer tokens that were counted but not recorded: more came than are recorded a minute.',
    ),
    clusterCallSeconds: histogram(
      'postern_cluster_call_seconds',
      'How long calls of Kubernetes API servers took, by verb and outcome.',
      ['verb', 'outcome'],
      callBuckets,
    ),
    clusterCalls: counter('postern_cluster_calls_total', 'Calls of each cluster by outcome.', ['cluster', 'outcome']),
    activeSeconds: histogram(
      'postern_grant_active_seconds',
      'From approval, or the start that was asked for, until the cluster said allowed.',
      [],
      lifecycleBuckets,
    ),
    endedSeconds: histogram(
      'postern_grant_ended_seconds',
      'From the moment that access should be over until the cluster said denied: how late endings are.',
      ['ended_by'],
      lifecycleBuckets,
    ),
    databaseConnections: new Gauge({
      name: 'postern_database_connections',
      help: 'Connections to PostgreSQL of this process: busy ones, idle ones, and callers that wait for one.',
      labelNames: ['state'],
      registers,
    }),
  }
  // What has not happened yet is 0 and not absent: Prometheus sees no increase from nothing to one.
  for (const type of auditEventTypes) instruments.events.inc({ type }, 0)
  for (const kind of errorCodes) instruments.refusals.inc({ kind }, 0)
  return instruments
}

/** Never below zero: clocks of two machines may differ by a little. */
export const secondsBetween = (from: Date, to: Date): number => Math.max(0, to.getTime() - from.getTime()) / 1000

const shared = globalThis as typeof globalThis & { posternMetrics?: ReturnType<typeof make> }

/** The instruments of this process. One set, although Next puts this module into several bundles. */
export function metrics(): ReturnType<typeof make> {
  shared.posternMetrics ??= make()
  return shared.posternMetrics
}
