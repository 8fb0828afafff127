import { Agent, request as httpRequest } from 'node:http'
import Ajv2020 from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openApiDocument } from '#lib/api/openapi'
import { maxBodyBytes } from '#lib/api/read-input'
import { bearerToken } from '#local/parts/sign-in'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { type ApiDocument, type FuzzCall, fuzzCalls, pathOf } from '#testing/fuzz/calls'
import { aClusterState } from '#testing/requests'
import { servedPostern } from '#testing/served'

// Calls the API according to its description, and in every other way. POSTERN_FUZZ_CALLS sets the number of calls and
// POSTERN_FUZZ_SEED chooses them; a failed call is printed so that it can be repeated.

const count = Number(process.env.POSTERN_FUZZ_CALLS ?? 1_200)
const seed = Number(process.env.POSTERN_FUZZ_SEED ?? 20_261_125)
vi.setConfig({ testTimeout: 60_000 + count * 100 })

const served = await servedPostern({
  entitlements: [
    anEntitlementDocument(),
    anEntitlementDocument({ name: 'automatic', approvals: [] }),
    anEntitlementDocument({
      name: 'chosen',
      ceiling: [{ apiGroups: ['', 'apps'], resources: ['*'], verbs: ['*'] }],
    }),
  ],
  roles: aConfiguration().roles,
})
afterAll(served.stop)

const document = openApiDocument(served.url) as unknown as ApiDocument
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false })
ajv.addSchema(document, 'api')

/** The schema that the description names for a response with this status. */
function validatorOf(path: string, method: string, status: number) {
  const content = document.paths[path]?.[method]?.responses[status]?.content
  const [type, media] = Object.entries(content ?? {})[0] ?? []
  if (!type || !media) return undefined
  const pointer = `/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1')}/${method}/responses/${status}/content/${type.replaceAll('/', '~1')}/schema`
  return { type, validate: ajv.getSchema(`api#${pointer}`) }
}

/** Ids from earlier responses, with the digest of a request. */
const known: Array<{ id: string; digest?: string }> = []
const tokens: string[] = []
let cookie = ''
beforeAll(async () => {
  await aClusterState()
  for (const person of ['mina', 'priya', 'jonas', 'ines', 'ola'])
    tokens.push(await bearerToken(served.tokenSource, person))
  cookie = await served.signIn('mina')
  // Some requests and grants, to be decided, withdrawn and ended.
  for (const entitlement of ['payments-restart', 'payments-restart', 'payments-restart', 'automatic', 'automatic']) {
    const answer = await fetch(`${served.url}/api/v1/requests`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens[0]}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ entitlement, cluster: 'prod-eu', namespaces: ['payments'], duration: 'PT10M' },
        reason: 'the checkout pods hang since the last deploy',
      }),
    })
    learn({ status: answer.status, type: '', text: await answer.text() })
  }
  const grants = await fetch(`${served.url}/api/v1/grants`, { headers: { authorization: `Bearer ${tokens[0]}` } })
  learn({ status: grants.status, type: '', text: await grants.text() })
})

type Answer = { status: number; type: string; text: string }
const agent = new Agent({ keepAlive: true, maxSockets: 8 })
const { port } = new URL(served.url)

function send(call: FuzzCall, path: string, headers: Record<string, string>, body: Buffer | null): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, method: call.method, path, headers, agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    // The server may close a kept connection at this very moment, so the call is repeated. A server that has refused a
    // body for its size need not read the rest of it.
    sent.on('error', (error) => {
      if (sent.reusedSocket) send(call, path, headers, body).then(resolve, reject)
      else if ((body?.length ?? 0) > maxBodyBytes) resolve({ status: 413, type: '', text: '' })
      else resolve({ status: 599, type: '', text: String(error) })
    })
    if (body) sent.write(body)
    sent.end()
  })
}

function withWho({ who }: FuzzCall): Record<string, string> {
  if (who < 0.03) return {}
  if (who < 0.06) return { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' }
  if (who < 0.08) return { authorization: `Basic ${'x'.repeat(100)}` }
  if (who < 0.12) return { cookie, origin: served.url }
  if (who < 0.14) return { cookie: 'postern.session=%zz; =; postern.session' }
  return { authorization: `Bearer ${tokens[Math.floor(((who - 0.14) / 0.86) * tokens.length)] ?? tokens[0]}` }
}

/** The body, with the current digest where the call needs one to get through. */
function bodyFor(call: FuzzCall, digest: string | undefined): Buffer | null {
  if (call.body === null || call.method === 'GET' || call.method === 'HEAD') return null
  const bytes = Buffer.from(call.body, 'base64')
  if (!call.withDigest || !digest) return bytes
  return Buffer.from(bytes.toString('latin1').replace(/sha256:[0-9a-f]{64}/, digest), 'latin1')
}

function problemWith(call: FuzzCall, { status, type, text }: Answer): string | undefined {
  if (status >= 500) return 'a 5xx'
  if (status === 413 && text === '') return undefined
  if (/\n\s+at .+:\d+:\d+/.test(text) || text.includes('node_modules')) return 'a stack trace in the response'
  // An empty id leaves a trailing slash, which Next redirects before any route.
  if (status === 308 && call.id === '') return undefined
  const method = call.method.toLowerCase()
  if (call.method === 'HEAD' || call.method === 'OPTIONS') return text === '' ? undefined : 'an unexpected body'
  if (!document.paths[call.path]?.[method]) return status === 405 || status === 400 ? undefined : 'not 405'
  // A file is not JSON; its description has only the types.
  const files = Object.keys(document.paths[call.path]?.[method]?.responses[status]?.content ?? {})
  if (!files.some((one) => one.endsWith('json')) && files.includes(type.split(';')[0] ?? '')) return undefined
  const expected = validatorOf(call.path, method, status)
  if (!expected?.validate) return `a status that is not in the description`
  if (type.split(';')[0] !== expected.type) return `${type} instead of ${expected.type}`
  if (!expected.validate(JSON.parse(text))) return ajv.errorsText(expected.validate.errors)
  return undefined
}

function learn({ status, text }: Answer) {
  if (status !== 200 && status !== 201) return
  for (const [, id] of text.matchAll(/"((?:req|grt)_[0-9a-z]{26})"/g)) {
    if (id && known.length < 400 && !known.some((one) => one.id === id)) known.push({ id })
  }
  const made = /^\{"id":"(req_[0-9a-z]{26})","status":"[a-z]+","digest":"(sha256:[0-9a-f]{64})"\}$/.exec(text)
  const one = known.find(({ id }) => id === made?.[1])
  if (one) one.digest = made?.[2]
}

function knownId(call: FuzzCall): { id: string; digest?: string } {
  if (typeof call.id === 'string') return { id: call.id }
  const prefix = call.path.startsWith('/grants') ? 'grt_' : 'req_'
  const fitting = known.filter(({ id }) => id.startsWith(prefix))
  return fitting[call.id % Math.max(1, fitting.length)] ?? { id: 'req_0' }
}

test(`every call gets a response that matches the API's description: ${count} calls, seed ${seed}`, async () => {
  const hints = {
    entitlement: ['payments-restart', 'payments-restart', 'automatic', 'chosen'],
    cluster: ['prod-eu'],
    namespaces: [['payments'], ['payments', 'checkout'], ['checkout-2']],
    duration: ['PT10M', 'PT30M', 'PT2H'],
    reason: ['the checkout pods hang since the last deploy'],
    rules: [[{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }]],
    startsAt: [new Date(Date.now() + 3_600_000).toISOString()],
    digest: [`sha256:${'0'.repeat(64)}`],
  }
  const calls = fuzzCalls(document, hints, count, seed)
  const failures: object[] = []
  const statuses: Record<string, number> = {}
  let next = 0
  const work = async () => {
    for (let call = calls[next++]; call; call = calls[next++]) {
      const { id, digest } = knownId(call)
      const body = bodyFor(call, digest)
      const headers = {
        'x-forwarded-for': `198.18.${next % 250}.${(next >> 8) % 250}`,
        ...withWho(call),
        ...call.headers,
        ...(body ? { 'content-length': String(body.length) } : {}),
      }
      const path = pathOf(call, id)
      const answer = await send(call, path, headers, body)
      learn(answer)
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
      const wrong = problemWith(call, answer)
      if (wrong) {
        const { authorization: _, cookie: __, ...shown } = headers as Record<string, string>
        failures.push({
          wrong,
          status: answer.status,
          answer: answer.text.slice(0, 400),
          method: call.method,
          path: path.slice(0, 300),
          headers: shown,
          body: body?.toString('utf8').slice(0, 400),
        })
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
  agent.destroy()
  expect(failures.slice(0, 10), `${failures.length} of ${count}; statuses ${JSON.stringify(statuses)}`).toEqual([])
  expect(Object.keys(statuses), 'calls of every kind were made').toEqual(
    expect.arrayContaining(['200', '400', '401', '404', '405', '413', '415', '422']),
  )
  // An internal error would be in the log, whatever the caller received.
  expect(served.log().match(/"level":"(error|fatal)".*/g) ?? []).toEqual([])
})
