import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { errorCodes } from '#lib/core/access/errors'
import { groupsProblems } from '#lib/core/access/learn-groups'
import { auditEventTypes } from '#lib/core/audit/events'

// The counters and histograms of this process. Figures about all replicas are not counted here but read from the
// database when Prometheus scrapes (lib/api/metrics.ts). A label has few values, all from our code or the
// configuration: no label ever holds text from a caller, a cluster or an identity provider.

/** Seconds, for calls to the API and to clusters. */
const callBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Seconds until access begins or ends. Promised within seconds, alerted after half a minute, retried for minutes. */
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
    calls: counter('postern_api_calls_total', 'API calls by operation and status.', ['operation', 'status']),
    callSeconds: histogram('postern_api_call_seconds', 'Duration of API calls.', ['operation'], callBuckets),
    events: counter(
      'postern_events_total',
      'Audit events that this process recorded, by type, such as request.submitted or grant.ended.',
      ['type'],
    ),
    refusals: counter('postern_refusals_total', 'API calls and page actions that were refused, by error code.', [
      'kind',
    ]),
    rateLimited: counter('postern_rate_limited_total', 'Calls refused by a rate limit, by kind of bucket.', ['bucket']),
    authenticationFailures: counter(
      'postern_authentication_failures_total',
      'Refused sign-ins and bearer tokens, by method and reason.',
      ['method', 'reason'],
    ),
    refusalsUnrecorded: counter(
      'postern_refusals_unrecorded_total',
      'Refused sign-ins and bearer tokens above the limit per minute, which are counted but not recorded as events.',
    ),
    groupsMissing: counter(
      'postern_groups_missing_total',
      'Sign-ins, refreshes and bearer tokens without a usable list of groups, by method and problem.',
      ['method', 'problem'],
    ),
    clusterCallSeconds: histogram(
      'postern_cluster_call_seconds',
      'Duration of calls to Kubernetes API servers, by verb and outcome.',
      ['verb', 'outcome'],
      callBuckets,
    ),
    clusterCalls: counter('postern_cluster_calls_total', 'Calls to each cluster by outcome.', ['cluster', 'outcome']),
    tokenReviews: histogram(
      'postern_token_review_seconds',
      'Duration of TokenReviews, by cluster and outcome: accepted, refused, probe (Postern tries its own webhook), foreign (not a token of Postern) or failed.',
      ['cluster', 'outcome'],
      [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1],
    ),
    activeSeconds: histogram(
      'postern_grant_active_seconds',
      'Time from approval, or from the requested start, until the cluster allowed the access.',
      [],
      lifecycleBuckets,
    ),
    endedSeconds: histogram(
      'postern_grant_ended_seconds',
      'Time from when access should have ended until the cluster denied it: how late endings are.',
      ['ended_by'],
      lifecycleBuckets,
    ),
    notices: counter('postern_notices_total', 'Attempts to deliver a notice, by channel and outcome.', [
      'channel',
      'outcome',
    ]),
    databaseConnections: new Gauge({
      name: 'postern_database_connections',
      help: 'PostgreSQL connections of this process, busy and idle, and callers waiting for one.',
      labelNames: ['state'],
      registers,
    }),
  }
  // Counters start at 0 instead of being absent, because Prometheus sees no increase from absent to one.
  for (const type of auditEventTypes) instruments.events.inc({ type }, 0)
  for (const kind of errorCodes) instruments.refusals.inc({ kind }, 0)
  for (const method of ['sign-in', 'refresh', 'bearer']) {
    for (const problem of groupsProblems) instruments.groupsMissing.inc({ method, problem }, 0)
  }
  return instruments
}

/** Never negative: the clocks of two machines may differ slightly. */
export const secondsBetween = (from: Date, to: Date): number => Math.max(0, to.getTime() - from.getTime()) / 1000

const shared = globalThis as typeof globalThis & { posternMetrics?: ReturnType<typeof make> }

/** The instruments of this process: one set, although Next.js puts this module into several bundles. */
export function metrics(): ReturnType<typeof make> {
  shared.posternMetrics ??= make()
  return shared.posternMetrics
}
