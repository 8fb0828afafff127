import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { objectName } from '#lib/core/grants/names'
import { issueCredential } from '#lib/operations/issue-credential'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { openStage } from '#local/chaos/stage'
import { freePort } from '#local/processes/ports'
import { testParts } from '#testing/database'
import { anApprovedRequest, grantReaches } from '#testing/grants'
import { asActor } from '#testing/people'
import { aGrant } from '#testing/requests'
import { startTraceCollector } from '#testing/trace-collector'
import { until } from '#testing/until'

const stage = await openStage({ name: 'traces' })
const collector = await startTraceCollector()
afterAll(async () => {
  await stage.end()
  await collector.stop()
})

/** Has a process print the URL of each module that it loads. */
const printingModules = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from 'node:module'
    registerHooks({ load: (url, context, next) => (console.log('loaded ' + url), next(url, context)) })
  `)}`,
}
/** Every package of OpenTelemetry except the one that Next.js and the metrics need anyway. */
const exporting = /loaded .*@opentelemetry\/(?!api\/)/

/** A grant becomes active and is revoked. */
async function grantAndRevoke() {
  const { lead, request } = await anApprovedRequest()
  const grant = await aGrant({ request })
  await grantReaches(grant.id, 'active')
  await revokeGrant(asActor(lead), grant.id, { reason: 'enough' })
  await grantReaches(grant.id, 'ended')
}

describe('a worker with a trace collector', () => {
  test('traces contain every cluster call under the work that made it, and no name, person or credential', async () => {
    const worker = await stage.startWorker({
      ending: 'SIGTERM',
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer the-key-of-the-collector',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
        ...printingModules,
      },
    })
    const { holder, lead, request } = await anApprovedRequest()
    const grant = await aGrant({ request })
    await grantReaches(grant.id, 'active')
    const { token } = await issueCredential(asActor(holder), grant.id)
    await revokeGrant(asActor(lead), grant.id, { reason: 'enough of the merger' })
    await grantReaches(grant.id, 'ended')
    await worker.stop()

    const spans = collector.spans()
    const passes = spans.filter(
      ({ name, attributes }) => name === 'reconcile grant' && attributes['postern.grant.id'] === grant.id,
    )
    // A grant can need more than one pass for each step, so the calls are those of all passes up to the same status.
    const passesTo = (...statuses: string[]) =>
      passes.filter(({ attributes }) => statuses.includes(String(attributes['postern.grant.status'])))
    expect(passesTo('active')).not.toEqual([])
    expect(passesTo('ended')).not.toEqual([])
    const callsUnder = (parent: { spanId: string; traceId: string } | undefined) =>
      spans.filter(({ parentSpanId, traceId }) => parentSpanId === parent?.spanId && traceId === parent?.traceId)
    const callsTo = (...statuses: string[]) =>
      passesTo(...statuses).flatMap((pass) => callsUnder(pass).map(({ name }) => name))
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}'
    expect(callsTo('pending', 'active')).toEqual(
      expect.arrayContaining([
        'POST /api/v1/namespaces/{namespace}/serviceaccounts',
        ...[`POST ${rbac}/roles`, `POST ${rbac}/rolebindings`],
        'POST /apis/authorization.k8s.io/v1/subjectaccessreviews',
      ]),
    )
    expect(callsTo('ending', 'ended')).toEqual(
      expect.arrayContaining([
        'DELETE /api/v1/namespaces/{namespace}/serviceaccounts/{name}',
        ...[`DELETE ${rbac}/roles/{name}`, `DELETE ${rbac}/rolebindings/{name}`],
      ]),
    )
    const order = spans.find(
      ({ name, attributes }) => name === 'fulfill order' && attributes['postern.grant.id'] === grant.id,
    )
    expect(callsUnder(order).map(({ name }) => name)).toContain(
      'POST /api/v1/namespaces/{namespace}/serviceaccounts/{name}/token',
    )

    // Every call has its parent, and the attributes that OpenTelemetry's conventions ask for.
    const calls = spans.filter(({ kind }) => kind === 3)
    const known = new Set(spans.map(({ spanId }) => spanId))
    for (const { parentSpanId, attributes } of calls) {
      expect(known).toContain(parentSpanId)
      expect(attributes).toMatchObject({
        ...{ 'http.request.method': expect.stringMatching(/^[A-Z]+$/), 'url.template': expect.stringMatching(/^\//) },
        ...{ 'server.address': '127.0.0.1', 'server.port': expect.any(Number), 'k8s.cluster.name': 'prod-eu' },
        ...{ 'service.name': 'postern', 'postern.role': 'worker', 'deployment.environment.name': 'test' },
      })
      expect(String(attributes['http.response.status_code'] ?? attributes['error.type'])).toMatch(
        /^([1-5]\d\d|[A-Za-z_]{3,})$/,
      )
    }
    // Span, history and the cluster's audit log share the reference.
    const { reference } = await db().auditEvent.findFirstOrThrow({ where: { grantId: grant.id, type: 'grant.active' } })
    expect(passes[0]?.attributes['postern.reference']).toBe(reference)
    expect(callsUnder(passes[0]).every(({ attributes }) => attributes['postern.reference'] === reference)).toBe(true)
    expect(readFileSync(testParts().kubernetes.auditLog, 'utf8')).toContain(`reference ${reference}`)

    const received = collector.received().replaceAll('Bearer the-key-of-the-collector', '')
    const own = /"?token"?: ?"?([\w.-]{40,})/.exec(readFileSync(stage.proxy('prod-eu').kubeconfig, 'utf8'))?.[1]
    expect(own).toMatch(/^eyJ[\w-]+\.eyJ/)
    for (const text of [
      ...[token.split('.')[1], own?.split('.')[1], 'Bearer', 'eyJ', '/payments/', objectName(grant.id)],
      ...[holder.email, lead.email, holder.subject, holder.name, 'the merger', 'limit=500'],
    ])
      expect(received).not.toContain(text)
    const log = readFileSync(worker.logFile, 'utf8')
    expect(log).toMatch(exporting)
    expect(log).not.toContain('the-key-of-the-collector')
  })

  test.each([
    ['is not there', undefined],
    ['refuses them', 503],
    ['never responds', 'hang'],
  ] as const)(
    'access is granted and revoked as usual while the trace collector %s, and the worker stops in good order',
    async (_, how) => {
      if (how) collector.behave(how)
      const endpoint = how ? collector.endpoint : `http://127.0.0.1:${await freePort()}`
      const worker = await stage.startWorker({ ending: 'SIGTERM', env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } })
      const log = () => readFileSync(worker.logFile, 'utf8')
      await until('the worker logs it while there is work', async () => {
        await grantAndRevoke()
        return log().includes('the collector does not accept traces')
      })
      // A busy machine may need longer than the five seconds after which a call is given up; then the next one counts.
      await until('access begins and ends while one call to the collector waits', async () => {
        const before = collector.waiting()
        await grantAndRevoke()
        return how !== 'hang' || collector.waiting().intersection(before).size > 0
      })
      if (how) expect([1, 2]).toContain(collector.mostAtOnce())
      expect(log().match(/the collector does not accept traces/g)).toHaveLength(1)
      await worker.stop()
      expect(log()).toContain('worker stopped')
    },
    120_000,
  )
})

test('a worker without a trace collector loads no exporter', async () => {
  const worker = await stage.startWorker({ env: printingModules })
  expect(readFileSync(worker.logFile, 'utf8')).toMatch(/loaded .*lib\/observability\/start-traces/)
  expect(readFileSync(worker.logFile, 'utf8')).not.toMatch(exporting)
  await worker.stop()
})
