import { afterAll, beforeAll, expect, test } from 'vitest'
import { bearerToken } from '#local/parts/sign-in'
import { servedPostern } from '#testing/served'
import { startTraceCollector } from '#testing/trace-collector'

// Next.js creates most spans of a web process, with more in them than may leave it.

const collector = await startTraceCollector()
afterAll(collector.stop)

/** References of a successful call and of a refused one. */
const references: (string | null)[] = []
const secrets: string[] = []

beforeAll(async () => {
  const served = await servedPostern({}, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint })
  try {
    const bearer = await bearerToken(served.tokenSource, 'jonas')
    const cookie = await served.signIn('jonas')
    secrets.push(bearer.split('.')[1] ?? bearer, cookie.split('=')[1] ?? cookie)
    const send = async (path: string, headers: Record<string, string>, init: RequestInit = {}) => {
      const tracing = { traceparent: `00-${'deadbeef'.repeat(4)}-${'deadbeef'.repeat(2)}-01`, baggage: 'a=whimsical' }
      const sent = { ...tracing, 'user-agent': 'whimsical/1', ...headers }
      const answer = await fetch(new URL(path, served.url), { redirect: 'manual', ...init, headers: sent })
      await answer.text()
      return answer
    }
    const authorization = `Bearer ${bearer}`
    const me = await send('/api/v1/me', { authorization })
    const none = await send('/api/v1/requests/whimsical?token=whimsical', { authorization })
    references.push(me.headers.get('postern-reference'), none.headers.get('postern-reference'))
    const statuses = [me.status, none.status]
    const submission = { method: 'POST', body: '{"reason":"whimsical"}' }
    for (const [path, headers, init] of [
      ['/api/v1/requests', { authorization, 'content-type': 'application/json' }, submission],
      ['/api/v1/me', { authorization: 'Bearer whimsical' }],
      ['/history?q=whimsical', { cookie }],
      ['/requests/whimsical?q=whimsical', { cookie }],
      ['/whimsical/whimsical?q=whimsical', { cookie }],
      ['/sign-in?error=whimsical&callbackUrl=/whimsical', {}],
      ['/api/auth/callback/oidc?code=whimsical&state=whimsical', {}],
    ] as const)
      statuses.push((await send(path, headers, init)).status)
    expect(statuses.slice(0, 5)).toEqual([200, 404, 400, 401, 307])
  } finally {
    // Stopping flushes the pending spans.
    await served.stop()
  }
})

test('spans of pages and API calls have their route and status', () => {
  const spansNamed = (wanted: string) => collector.spans().filter(({ name }) => name === wanted)
  expect(spansNamed('GET /api/v1/me')[0]?.attributes).toMatchObject({
    ...{ 'http.method': 'GET', 'http.route': '/api/v1/me', 'http.status_code': 200 },
    ...{ 'service.name': 'postern', 'postern.role': 'web' },
  })
  expect(spansNamed('GET /history')).not.toEqual([])
  expect(spansNamed('GET /requests/[requestId]')).not.toEqual([])
})

test('the reference in a response is in the trace of its call', () => {
  const spans = collector.spans()
  for (const reference of references) {
    const inside = spans.find(({ attributes }) => attributes['postern.reference'] === reference)
    const root = spans.find(({ traceId, parentSpanId }) => traceId === inside?.traceId && !parentSpanId)
    expect(root?.name).toMatch(/^GET \/api\/v1\//)
  }
})

test('no span contains anything that a caller sent: path, query, body, header, token, person or trace id', () => {
  const received = collector.received()
  for (const text of ['whimsical', 'deadbeef', 'eyJ', 'Bearer', 'jonas', ...secrets])
    expect(received).not.toContain(text)
  for (const { events, status } of collector.spans()) expect([events ?? [], status.message]).toEqual([[], undefined])
})
