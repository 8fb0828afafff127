import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { notFound } from '#lib/core/access/errors'
import { makeId } from '#lib/core/access/ids'
import { checkout } from '#local/processes/places'
import { type OutsideClient, withForm } from './outside-client.ts'
import { postureFinding, postureJudgedAt } from './situations.ts'
import type { Caller, Outcome, Route, Situation } from './words.ts'

const submission = {
  entitlement: 'payments-restart',
  cluster: 'prod-eu',
  namespaces: ['payments'],
  reason: 'the checkout pods hang since the last deploy',
  duration: 'PT10M',
}

const reason = 'the deploy is over'

const postureAnswer = { digest: postureFinding.digest, reason: 'the installer needs it', owner: 'platform' }
const inOneDay = () => new Date(Date.now() + 86_400_000)

/** One after the other: each accepts the risk of the one finding first, so that there is an acceptance to withdraw. */
let withdrawals: Promise<unknown> = Promise.resolve()
function onceAccepted(accept: () => Promise<Outcome>, withdraw: () => Promise<Outcome>): Promise<Outcome> {
  const turn = withdrawals.then(accept).then(withdraw)
  withdrawals = turn.catch(() => {})
  return turn
}

/** The last trial of each lane: Postern tests two policies at once, and here every caller calls at once. */
const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()]
let trials = 0
function inTurn(trial: () => Promise<Outcome>): Promise<Outcome> {
  const lane = trials++ % lanes.length
  const turn = Promise.resolve(lanes[lane]).then(trial)
  lanes[lane] = turn.catch(() => {})
  return turn
}

function oncePerCaller<T>(load: (caller: Caller) => Promise<T>): (caller: Caller) => Promise<T> {
  const loaded = new Map<Caller, Promise<T>>()
  return (caller) => {
    const known = loaded.get(caller) ?? load(caller)
    loaded.set(caller, known)
    return known
  }
}

/** The public key of a browser, from the example of RFC 8291 §5. */
const keyOfRfc8291 = 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4'

/** Every route of Postern: how to call it, and which response is which answer. A new route needs a line here. */
export function routesOf(outsideClient: OutsideClient): Route[] {
  const { api, page, act, send, withBearer, withCookie } = outsideClient

  /** A route of the API and the action that does the same from a page. */
  const twice = (
    table: string,
    path: (situation: Situation) => string,
    body: (situation: Situation) => object,
    action: string,
    args: (situation: Situation) => unknown[],
    use = '',
  ): Route[] => [
    {
      table,
      name: `POST /api/v1${path({ requestId: '{id}', grantId: '{id}' } as Situation)}${use}`,
      changes: true,
      call: (caller, situation) => api(caller, 'POST', path(situation), body(situation)),
    },
    { table, name: `action ${action}${use}`, changes: true, call: (caller, one) => act(caller, action, args(one)) },
  ]

  /** A change of the posture of prod-eu, by the API and from its page. */
  const postureChange = (
    name: string,
    path: string,
    body: object,
    [action, fields]: [string, Record<string, string>],
  ): Route[] => [
    {
      table: 'Change the posture of a cluster',
      name: `POST /api/v1/clusters/{cluster}/posture${name}`,
      changes: true,
      call: (caller) => api(caller, 'POST', `/clusters/prod-eu/posture${path}`, body),
    },
    {
      table: 'Change the posture of a cluster',
      name: `action ${action}`,
      changes: true,
      call: (caller) => act(caller, action, withForm({ cluster: 'prod-eu', ...fields })),
    },
  ]

  const whoSees = (shown: string, isThere: boolean, answer: string): Outcome =>
    answer === 'yes' ? { answer: isThere ? shown : '—' } : { answer }

  /** A list, loaded once per caller: does it contain the request or grant of the situation? */
  const listed = (
    table: string,
    path: string,
    isIt: (item: Record<string, unknown>, one: Situation) => boolean,
  ): Route => {
    const load = oncePerCaller((caller) => api(caller, 'GET', path))
    return {
      table,
      name: `GET /api/v1${path}`,
      call: async (caller, situation) => {
        const { answer, json } = await load(caller)
        return whoSees(
          'yes',
          (json.items ?? []).some((item: Record<string, unknown>) => isIt(item, situation)),
          answer,
        )
      },
    }
  }
  const isRequest = (item: Record<string, unknown>, { requestId }: Situation) => item.id === requestId

  /** A page that does or doesn't contain text that only this situation has. */
  const shows = (
    table: string,
    path: string,
    of: (one: Situation) => string,
    words: (one: Situation) => string,
    headers?: Record<string, string>,
  ): Route => ({
    table,
    name: `page ${path}`,
    call: async (caller, situation) => {
      const { answer, html } = await page(caller, of(situation), headers)
      return whoSees('yes', html.includes(words(situation)), answer)
    },
  })

  /** A page with a list, loaded once per caller: does it contain the request of the situation? */
  const listedOn = (table: string, path: string): Route => {
    const load = oncePerCaller((caller) => page(caller, path))
    return {
      table,
      name: `page ${path}`,
      call: async (caller, { requestId }) => {
        const { answer, html } = await load(caller)
        return whoSees('yes', html.includes(requestId), answer)
      },
    }
  }

  const api200 = (table: string, path: string): Route => ({
    table,
    name: `GET /api/v1${path}`,
    call: (caller) => api(caller, 'GET', path),
  })
  const page200 = (table: string, path: string): Route => ({
    table,
    name: `page ${path}`,
    call: (caller) => page(caller, path),
  })

  const reviewed = { from: '2020-01-01T00:00:00Z', to: '2020-02-01T00:00:00Z' }
  /** The sign-off of a past period as this caller sees it. Everyone else sends a digest of nothing. */
  const signOffOf = async (caller: Caller) => {
    const { json } = await api(caller, 'GET', `/access/review?${new URLSearchParams(reviewed)}`)
    return { ...reviewed, digest: json?.digest ?? `sha256:${'0'.repeat(64)}`, note: 'read all of it' }
  }

  /** A file for those who may read it. */
  const downloaded = (table: string, name: string, path: (one: Situation) => string): Route => ({
    table,
    name: `GET /api/v1${name}`,
    call: async (caller, situation) => {
      const answer = await send(`/api/v1${path(situation)}`, { headers: withCookie(caller) })
      await answer.text()
      const words: Record<number, string> = { 200: 'yes', 401: 'sign in', 404: '—' }
      return { answer: words[answer.status] ?? String(answer.status) }
    },
  })

  /** A route with the same status for every caller. */
  const open = (
    name: string,
    path: string,
    method: string,
    status: number,
    headers: Record<string, string> = {},
  ): Route => ({
    table: 'Public routes',
    name,
    call: async ({ cookie }) => {
      const answer = await send(path, { method, headers: { ...(cookie ? { cookie } : {}), ...headers } })
      const text = await answer.text()
      return { answer: answer.status === status ? 'yes' : `${answer.status}: ${text.slice(0, 100)}` }
    },
  })

  const prefetch = { rsc: '1', 'next-router-prefetch': '1' }
  const build = readFileSync(join(checkout, '.next/BUILD_ID'), 'utf8')
  const [script = ''] = readdirSync(join(checkout, '.next/static/chunks')).filter((file) => file.endsWith('.js'))
  const action = outsideClient.actions.find(({ name }) => name === 'chooseDisplay')?.id ?? ''

  /** An address that Next.js serves in other products, or in development. */
  const absent = (path: string): Route => ({
    table: 'Next.js’s own addresses',
    name: `next ${path}`,
    call: async (caller) => {
      const { status } = await send(path.replace('{build}', build), { headers: outsideClient.withCookie(caller) })
      return { answer: status === 404 ? '—' : String(status) }
    },
  })

  /** A call that is refused before anyone is identified. */
  const refused = (
    name: string,
    method: string,
    path: string,
    expected: number,
    headers: Record<string, string>,
  ): Route => ({
    table: 'Calls that no page makes',
    name: `next ${name}`,
    call: (caller) =>
      new Promise((resolve, reject) => {
        const all = { ...outsideClient.withCookie(caller), ...headers }
        // fetch sends no TRACE.
        const call = request(`${outsideClient.url}${path}`, { method, headers: all }, (response) => {
          response.resume()
          const isProblem = response.headers['content-type'] === 'application/problem+json'
          resolve({ answer: response.statusCode === expected && isProblem ? 'no' : String(response.statusCode) })
        })
        call.on('error', reject).end(method === 'POST' ? '[]' : undefined)
      }),
  })

  const isGrant = (item: Record<string, unknown>, { grantId }: Situation) => item.id === grantId
  const [origin] = [new URL(outsideClient.url).origin]

  /** A preview responds to every caller; for an ineligible one the entitlement does not exist. */
  const isUnknown = (preview: { verdict?: { violations: Array<{ code: string }> } } | undefined) =>
    preview?.verdict?.violations[0]?.code === 'unknown-entitlement'

  return [
    ...twice(
      'Issue a credential',
      ({ grantId }) => `/grants/${grantId}/credentials`,
      () => ({}),
      'connect',
      ({ grantId }) => [grantId],
    ),
    // ------------------------------------------------------------------ reading one request or grant
    {
      table: 'Read a request',
      name: 'GET /api/v1/requests/{id}',
      call: (caller, { requestId }) => api(caller, 'GET', `/requests/${requestId}`),
    },
    shows(
      'Read a request',
      '/requests/[requestId]',
      (one) => `/requests/${one.requestId}`,
      (one) => one.reason,
    ),
    // The same page for Next's router in the browser, by the addresses that Next.js knows for it.
    ...[
      { use: 'rsc', before: '/', after: '', headers: { rsc: '1' } as Record<string, string> },
      { use: 'data', before: `/_next/data/${build}/`, after: '.json', headers: {} },
    ].map(({ use, before, after, headers }) =>
      shows(
        'Read a request',
        `/requests/[requestId]?${use}`,
        (one) => `${before}requests/${one.requestId}${after}`,
        (one) => one.reason,
        headers,
      ),
    ),
    ...[
      { use: 'prefetch', headers: prefetch },
      { use: 'segment', headers: { ...prefetch, 'next-router-segment-prefetch': '/_tree' } },
    ].map(({ use, headers }) =>
      shows(
        'Prefetch a request',
        `/requests/[requestId]?${use}`,
        (one) => `/requests/${one.requestId}`,
        (one) => one.reason,
        headers,
      ),
    ),
    shows(
      'Read a request',
      '/inbox?request',
      (one) => `/inbox?request=${one.requestId}`,
      (one) => one.reason,
    ),
    shows(
      'Request again',
      '/requests/new?again',
      (one) => `/requests/new?again=${one.requestId}`,
      () => 'id="reason"',
    ),
    {
      table: 'Read a grant',
      name: 'GET /api/v1/grants/{id}',
      call: (caller, { grantId }) => api(caller, 'GET', `/grants/${grantId}`),
    },
    // ------------------------------------------------------------------ lists
    listed('List one’s own requests', '/requests?role=mine&limit=100', isRequest),
    listedOn('List one’s own requests', '/access'),
    listed('List the inbox', '/requests?role=inbox&limit=100', isRequest),
    listedOn('List the inbox', '/inbox'),
    listed('List all visible requests', '/requests?role=all&limit=100', isRequest),
    listedOn('List one’s own decisions', '/inbox/decided'),
    shows(
      'List live access',
      '/live?scope',
      (one) => `/live?scope=namespace:${one.namespace}`,
      (one) => one.requestId,
    ),
    listed('List grants', '/grants?limit=100', isGrant),
    {
      table: 'Read the history of a request',
      name: 'GET /api/v1/audit-events?request',
      call: async (caller, { requestId }) => {
        const { answer, json } = await api(caller, 'GET', `/audit-events?request=${requestId}&type=request.submitted`)
        return whoSees('yes', json.items?.length > 0, answer)
      },
    },
    {
      table: 'Read the history of a request',
      name: 'GET /api/v1/audit-events/export?request',
      call: async (caller, { requestId }) => {
        const path = `/api/v1/audit-events/export?format=jsonl&request=${requestId}&type=request.submitted`
        const answer = await send(path, { headers: withCookie(caller) })
        const text = await answer.text()
        const words: Record<number, string> = { 200: 'yes', 401: 'sign in' }
        return whoSees('yes', text.includes(requestId), words[answer.status] ?? String(answer.status))
      },
    },
    shows(
      'Read the history of a request',
      '/history?request',
      (one) => `/history?request=${one.requestId}&type=request.submitted`,
      (one) => `/requests/${one.requestId}`,
    ),
    {
      table: 'Test a policy on a request',
      name: 'POST /api/v1/policy/judge?request',
      call: (caller, { requestId }) => inTurn(() => api(caller, 'POST', '/policy/judge', { request: requestId })),
    },
    {
      table: 'Test a policy on a request',
      name: 'action judge?request',
      call: (caller, { requestId }) => inTurn(() => act(caller, 'judge', [{ request: requestId }])),
    },
    // ------------------------------------------------------------------ changing one
    ...twice(
      'Approve',
      ({ requestId }) => `/requests/${requestId}/decisions`,
      ({ digest }) => ({ decision: 'approve', digest }),
      'decide',
      ({ requestId, digest }) => withForm({ requestId, decision: 'approve', digest }),
      '?approve',
    ),
    ...twice(
      'Deny',
      ({ requestId }) => `/requests/${requestId}/decisions`,
      ({ digest }) => ({ decision: 'deny', digest }),
      'decide',
      ({ requestId, digest }) => withForm({ requestId, decision: 'deny', digest }),
      '?deny',
    ),
    ...twice(
      'Withdraw',
      ({ requestId }) => `/requests/${requestId}/withdraw`,
      () => ({}),
      'withdraw',
      ({ requestId }) => withForm({ requestId }),
    ),
    ...twice(
      'Revoke',
      ({ grantId }) => `/grants/${grantId}/revoke`,
      () => ({ reason }),
      'revoke',
      ({ grantId }) => withForm({ grantId, reason }),
    ),
    ...twice(
      'Revoke all access of a scope',
      () => '/grants/revoke',
      ({ namespace }) => ({ by: 'namespace', name: namespace, confirm: namespace, reason }),
      'revokeAll',
      ({ namespace }) => withForm({ by: 'namespace', name: namespace, confirm: namespace, reason }),
    ),
    ...twice(
      'Release',
      ({ grantId }) => `/grants/${grantId}/release`,
      () => ({}),
      'release',
      ({ grantId }) => withForm({ grantId }),
    ),
    ...twice(
      'Comment',
      ({ requestId }) => `/requests/${requestId}/comments`,
      () => ({ text: reason }),
      'comment',
      ({ requestId }) => withForm({ requestId, text: reason }),
    ),
    ...twice(
      'Review access that was approved',
      ({ requestId }) => `/requests/${requestId}/review`,
      () => ({ outcome: 'justified', note: reason }),
      'review',
      ({ requestId }) => withForm({ requestId, outcome: 'justified', note: reason }),
    ),
    ...twice(
      'Extend access',
      () => '/requests',
      ({ grantId, namespace }) => ({ ...submission, namespaces: [namespace], extends: grantId }),
      'submit',
      ({ grantId, namespace }) => withForm({ ...submission, namespaces: namespace, extends: grantId }),
      '?extends',
    ),
    // ------------------------------------------------------------------ without a request or grant
    ...twice(
      'Submit a request',
      () => '/requests',
      () => submission,
      'submit',
      () => withForm(submission),
    ),
    {
      table: 'Submit a request',
      name: 'POST /api/v1/requests/preview',
      call: async (caller) => {
        const outcome = await api(caller, 'POST', '/requests/preview', submission)
        return isUnknown(outcome.json) ? { answer: 'no' } : outcome
      },
    },
    {
      table: 'Submit a request',
      name: 'action preview',
      call: async (caller) => {
        const outcome = await act(caller, 'preview', withForm(submission).slice(1))
        return isUnknown(outcome.result?.preview) ? { answer: 'no' } : outcome
      },
    },
    ...['/me', '/me/notices', '/me/absence', '/entitlements', '/clusters'].map((path) =>
      api200('Read what concerns oneself', path),
    ),
    ...['/requests/new', '/history', '/clusters', '/guardrails', '/check-access', '/notices', '/settings'].map((path) =>
      page200('Read what concerns oneself', path),
    ),
    {
      table: 'Read what concerns oneself',
      name: 'GET /events',
      call: async ({ cookie }) => {
        const answer = await send('/events', { headers: cookie ? { cookie } : {} })
        await answer.body?.cancel()
        const words: Record<number, string> = { 200: 'yes', 401: 'sign in' }
        return { answer: words[answer.status] ?? String(answer.status) }
      },
    },
    {
      table: 'Read what concerns oneself',
      name: 'page /',
      call: async (caller) => {
        const { status, headers } = await send('/', { headers: withCookie(caller) })
        const path = headers.get('location') ?? ''
        if (path.startsWith('/sign-in')) return { answer: 'sign in' }
        return { answer: /^\/(access|inbox|history)$/.test(path) ? 'yes' : `${status} ${path}` }
      },
    },
    {
      table: 'Read what concerns oneself',
      name: 'action destinations',
      call: (caller) => act(caller, 'destinations', []),
    },
    ...[
      { use: 'oneself', table: 'Read what concerns oneself', person: [] },
      { use: 'person', table: 'Check the access of someone else', person: [['person', 'ulla']] },
    ].flatMap(({ use, table, person }): Route[] => {
      const subject: Record<string, string> = { cluster: 'prod-eu', ...Object.fromEntries(person) }
      const action = { verb: 'get', resource: 'pods', namespace: 'payments' }
      const path = '/access/explain'
      const query = new URLSearchParams({ ...subject, ...action })
      return [
        { name: `GET /api/v1${path}?${use}`, table, call: (caller) => api(caller, 'GET', `${path}?${query}`) },
        {
          name: `POST /api/v1${path}?${use}`,
          table,
          call: (caller) => api(caller, 'POST', path, { ...subject, actions: [action] }),
        },
      ]
    }),
    {
      table: 'Read what concerns oneself',
      name: 'POST /api/v1/policy/replay',
      call: (caller) => inTurn(() => api(caller, 'POST', '/policy/replay', { policy: 'guardrails: []', last: 3 })),
    },
    {
      table: 'Read what concerns oneself',
      name: 'action replay',
      call: (caller) => inTurn(() => act(caller, 'replay', [{ policy: 'guardrails: []', last: 3 }])),
    },
    {
      table: 'Read what concerns oneself',
      name: 'POST /api/v1/paste',
      call: (caller) => api(caller, 'POST', '/paste', { text: 'kubectl get pods -n payments' }),
    },
    {
      table: 'Read what concerns oneself',
      name: 'POST /api/mcp',
      call: async (caller) => {
        const params = { name: 'list_entitlements', arguments: {} }
        const answer = await send('/api/mcp', {
          method: 'POST',
          headers: {
            ...withBearer(caller),
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
          },
          body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
        })
        const text = await answer.text()
        if (answer.status === 401) return { answer: 'sign in' }
        const isResult = text.includes('<postern-data>') && !text.includes('isError')
        return { answer: isResult ? 'yes' : `${answer.status}: ${text}` }
      },
    },
    api200('Read undelivered notices', '/notices'),
    downloaded(
      'Download the evidence of a request',
      '/requests/{id}/evidence',
      ({ requestId }) => `/requests/${requestId}/evidence`,
    ),
    downloaded('Read the log', '/evidence', () => '/evidence?from=2026-11-23T09:00:00Z&to=2026-11-23T10:00:00Z'),
    api200('Read the log', '/log/entries'),
    downloaded('Read the log', '/access/review/export', () => `/access/review/export?${new URLSearchParams(reviewed)}`),
    {
      table: 'Read the log',
      name: 'GET /api/v1/access/review',
      call: (caller) => api(caller, 'GET', `/access/review?${new URLSearchParams(reviewed)}`),
    },
    {
      table: 'Sign off an access review',
      name: 'POST /api/v1/access/review',
      changes: true,
      call: async (caller) => api(caller, 'POST', '/access/review', await signOffOf(caller)),
    },
    {
      table: 'Sign off an access review',
      name: 'action signOff',
      changes: true,
      call: async (caller) => act(caller, 'signOff', withForm(await signOffOf(caller))),
    },
    shows(
      'Read the log',
      '/history/review',
      () => '/history/review',
      () => 'id="access-review"',
    ),
    {
      table: 'Read the log',
      name: 'GET /api/v1/access/at',
      call: (caller) => api(caller, 'GET', '/access/at?time=2026-11-23T09:00:00Z'),
    },
    {
      table: 'Read the log',
      name: 'GET /api/v1/access/during',
      call: (caller) =>
        api(caller, 'GET', '/access/during?from=2026-11-23T09:00:00Z&to=2026-11-23T10:00:00Z&verb=get&resource=pods'),
    },
    shows(
      'Read the log',
      '/history/access',
      () => '/history/access',
      () => 'id="access-at"',
    ),
    {
      table: 'Read the log',
      name: 'GET /api/v1/audit-events/{id}/verification',
      call: async (caller) => {
        const { json } = await api(caller, 'GET', '/audit-events?limit=1')
        const id = json?.items?.[0]?.id ?? 'evt_0123456789abcdefghjkmnpqrs'
        return api(caller, 'GET', `/audit-events/${id}/verification`)
      },
    },
    {
      table: 'Read the log',
      name: 'GET /log/tile/[...path]?entries',
      call: async (caller) => {
        const answer = await send('/log/tile/entries/000.p/1', { headers: withCookie(caller) })
        const words: Record<number, string> = { 200: 'yes', 401: 'sign in', 404: '—' }
        return { answer: words[answer.status] ?? String(answer.status) }
      },
    },
    api200('Read reports', '/reports'),
    page200('Read reports', '/reports'),
    {
      table: 'Read reports',
      name: 'GET /api/v1/reports/export',
      call: async (caller) => {
        const answer = await send('/api/v1/reports/export', { headers: withCookie(caller) })
        await answer.text()
        const words: Record<number, string> = { 200: 'yes', 401: 'sign in', 404: '—' }
        return { answer: words[answer.status] ?? String(answer.status) }
      },
    },
    {
      table: 'Read the posture of a cluster',
      name: 'GET /api/v1/clusters/{cluster}/posture',
      call: (caller) => api(caller, 'GET', '/clusters/prod-eu/posture'),
    },
    downloaded(
      'Read the posture of a cluster',
      '/clusters/{cluster}/posture/export',
      () => '/clusters/prod-eu/posture/export?format=sarif',
    ),
    {
      table: 'Read the posture of a cluster',
      name: 'page /clusters/[cluster]/posture',
      call: (caller) => page(caller, '/clusters/prod-eu/posture'),
    },
    api200('List the calls in clusters', '/activity'),
    page200('List the calls in clusters', '/activity'),
    api200('List break-glass reviews', '/reviews'),
    page200('List break-glass reviews', '/inbox/reviews'),
    {
      table: 'Read what was done with a grant',
      name: 'GET /api/v1/grants/{id}/activity',
      call: (caller, { grantId }) => api(caller, 'GET', `/grants/${grantId}/activity`),
    },
    {
      table: 'Send audit events',
      name: 'POST /api/v1/clusters/{cluster}/audit',
      call: (caller) => api(caller, 'POST', '/clusters/prod-eu/audit', { kind: 'EventList', items: [] }),
    },
    {
      table: 'Review a token',
      name: 'POST /authenticate/{cluster}',
      call: async (caller) => {
        const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'opaque' } }
        const headers = { ...withBearer(caller), 'content-type': 'application/json' }
        const sent = { method: 'POST', headers, body: JSON.stringify(body) }
        const { status } = await send('/authenticate/prod-eu', sent)
        return { answer: status === 401 ? 'sign in' : `${status}` }
      },
    },
    {
      table: 'Import an audit log',
      name: 'POST /api/v1/clusters/{cluster}/audit-imports',
      changes: true,
      call: (caller) => api(caller, 'POST', '/clusters/prod-eu/audit-imports', { file: 'audit.log' }),
    },
    ...postureChange(
      '/{id}/acceptance',
      `/${postureFinding.id}/acceptance`,
      { ...postureAnswer, until: inOneDay().toISOString() },
      ['acceptFinding', { ...postureFinding, ...postureAnswer, until: inOneDay().toISOString().slice(0, 10) }],
    ),
    ...postureChange('/{id}/acceptance/withdraw', `/${postureFinding.id}/acceptance/withdraw`, { note: reason }, [
      'withdrawAcceptance',
      { id: postureFinding.id, note: reason },
    ]).map(({ call, ...route }) => ({
      ...route,
      call: (caller: Caller, situation: Situation) => {
        const body = { ...postureAnswer, until: inOneDay().toISOString() }
        const accept = () => api(caller, 'POST', `/clusters/prod-eu/posture/${postureFinding.id}/acceptance`, body)
        return onceAccepted(accept, () => call(caller, situation))
      },
    })),
    ...postureChange('/baseline', '/baseline', { judgedAt: postureJudgedAt }, [
      'takeBaseline',
      { judgedAt: postureJudgedAt },
    ]),
    ...twice(
      'Send notices again',
      () => '/notices/send-again',
      () => ({ channel: 'email' }),
      'sendAgain',
      () => withForm({ channel: 'email' }),
    ),
    ...twice(
      'Read what concerns oneself',
      () => '/me/notices',
      () => ({ muted: [] }),
      'saveNoticePreferences',
      () => withForm({ wanted: 'request-waits' }),
    ),
    open('GET /log/checkpoint', '/log/checkpoint', 'GET', 200),
    // Strangers know the log as it was at the last full hour, when it was empty.
    open('GET /log/tile/[...path]', '/log/tile/1/000', 'GET', 404),
    open('GET /api/v1/openapi.json', '/api/v1/openapi.json', 'GET', 200),
    open('GET /livez', '/livez', 'GET', 200),
    open('GET /.well-known/jwks.json', '/.well-known/jwks.json', 'GET', 200),
    ...['', '/api/mcp'].map((resource) => {
      const path = `/.well-known/oauth-protected-resource${resource}`
      return open(`GET ${path}`, path, 'GET', 200)
    }),
    open('GET /readyz', '/readyz', 'GET', 200),
    open('page /sign-in', '/sign-in', 'GET', 200),
    open('page /signed-out', '/signed-out', 'GET', 200),
    open('* /api/[[...path]]', '/api/v1/nothing', 'GET', 404),
    ...['favicon.ico', 'icon.svg', 'notices.js', 'postern.schema.json'].map((file) =>
      open(`file /${file}`, `/${file}`, 'GET', 200),
    ),
    open('next /_next/static/{file}', `/_next/static/chunks/${script}`, 'GET', 200),
    ...[
      '/_next/image?url=%2Ficon.svg&w=64&q=75',
      '/_next/data/{build}/nothing.json',
      '/_next/static/nothing.js',
      '/_next/static/..%2f..%2fBUILD_ID',
      '/_next/server/app-paths-manifest.json',
      '/_next/webpack-hmr',
      '/_next/mcp',
      '/__nextjs_original-stack-frames',
      '/__nextjs_source-map?filename=proxy.ts',
      '/_not-found',
      '/_global-error',
    ].map(absent),
    refused('TRACE', 'TRACE', '/', 405, {}),
    refused('DELETE', 'DELETE', '/', 405, { origin }),
    refused('a path that cannot be decoded', 'GET', '/%', 400, {}),
    refused('a router header that is not one', 'GET', '/', 400, { rsc: '1', 'next-router-state-tree': '%' }),
    refused('an action without an origin', 'POST', '/', 403, { 'next-action': action, 'content-type': 'text/plain' }),
    refused('an action that does not exist', 'POST', '/', 409, { origin, 'next-action': '00'.repeat(21) }),
    refused('an action without arguments', 'POST', '/', 400, { origin, 'next-action': action, 'content-type': 'x/y' }),
    refused('an action at a file', 'POST', '/icon.svg', 405, {
      origin,
      'next-action': action,
      'content-type': 'text/plain',
    }),
    open('POST /api/auth/signin/oidc', '/api/auth/signin/oidc', 'POST', 303, { origin }),
    open('GET /api/auth/callback/oidc', '/api/auth/callback/oidc?code=x', 'GET', 303),
    {
      table: 'Public routes',
      name: 'action chooseDisplay',
      call: (caller) => act(caller, 'chooseDisplay', []),
    },
    {
      table: 'Star an entitlement',
      name: 'action star',
      call: async (caller) => {
        const outcome = await act(caller, 'star', withForm({ entitlement: 'payments-restart', favourite: 'yes' }))
        return outcome.sentence === notFound().message ? { answer: '—' } : outcome
      },
    },
    ...Object.entries<Record<string, string>>({
      saveFilter: { name: 'Secrets', query: 'resource=secrets' },
      deleteFilter: { name: 'Secrets' },
      signOutElsewhere: {},
      endOwnAbsence: {},
      saveQuietHours: { from: '22:00', until: '07:00', days: 'monday', zone: 'Europe/Berlin' },
      endQuietHours: {},
    }).map(
      ([name, fields]): Route => ({
        table: 'Change one’s own pages and sessions',
        name: `action ${name}`,
        call: (caller) => act(caller, name, withForm(fields)),
      }),
    ),
    ...[
      // Not configured here, and no one has this browser: everyone gets as far as that.
      ['notifyHere', { endpoint: 'https://fcm.googleapis.com/x', p256dh: keyOfRfc8291, auth: 'a'.repeat(22) }],
      ['stopNotifying', { id: makeId('browser', new Date(0), new Uint8Array(10)) }],
    ].map(([name, fields]) => ({
      table: 'Change one’s own pages and sessions',
      name: `action ${name}`,
      call: async (caller: Caller): Promise<Outcome> => {
        const outcome = await act(caller, name as string, withForm(fields as Record<string, string>))
        const isReached = ['This browser was not added.', notFound().message].includes(outcome.sentence ?? '')
        return isReached ? { answer: 'yes' } : outcome
      },
    })),
    {
      table: 'Change one’s own pages and sessions',
      name: 'action saveAbsence',
      call: async (caller) => {
        // No one is a colleague of every caller, so each is told that this one is not.
        const outcome = await act(
          caller,
          'saveAbsence',
          withForm({ from: '2026-12-01', until: '2999-12-01', delegate: 'nobody@example.com' }),
        )
        return outcome.sentence === 'The absence was not saved.' ? { answer: 'yes' } : outcome
      },
    },
    {
      table: 'Change one’s own pages and sessions',
      name: 'POST /api/v1/me/absence',
      call: async (caller) => {
        const body = { from: '2026-12-01T00:00:00Z', until: '2027-01-01T00:00:00Z', delegate: 'nobody@example.com' }
        const outcome = await api(caller, 'POST', '/me/absence', body)
        return outcome.json?.errors?.[0]?.pointer === '/delegate' ? { answer: 'yes' } : outcome
      },
    },
    {
      table: 'Change one’s own pages and sessions',
      name: 'POST /api/v1/me/absence/end',
      call: (caller) => api(caller, 'POST', '/me/absence/end'),
    },
    {
      table: 'Read the metrics',
      name: 'GET /metrics',
      call: async (caller) => {
        const answers = await Promise.all([send('/metrics', { headers: withBearer(caller) }), page(caller, '/metrics')])
        const [bearer, session] = answers.map((answer) => ('status' in answer ? answer.status : answer.answer))
        return { answer: bearer === 401 && session === 'sign in' ? 'sign in' : `${bearer}, ${session}` }
      },
    },
    // Last: it ends the session that it is called with.
    {
      table: 'Sign out',
      name: 'POST /api/auth/sign-out',
      call: async (caller) => {
        const headers = { origin, ...(caller.cookie ? { cookie: caller.cookie } : {}) }
        const answer = await send('/api/auth/sign-out', { method: 'POST', headers })
        const after = await page(caller, '/access')
        return {
          answer: answer.status === 303 && after.answer === 'sign in' ? 'yes' : `${answer.status}, ${after.answer}`,
        }
      },
    },
  ]
}
