import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { bearerToken } from '#local/parts/sign-in'
import { outsideClient, withForm } from '#testing/authorization/outside-client'
import type { Caller } from '#testing/authorization/words'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { testParts } from '#testing/database'
import { grantReaches } from '#testing/grants'
import { aClusterState } from '#testing/requests'
import { servedPostern } from '#testing/served'

// One whole run with the most verbose log. Then everything it left behind is searched for secrets.

const metricsToken = 'the-metrics-token-of-this-test'
const served = await servedPostern(
  {
    entitlements: [anEntitlementDocument(), anEntitlementDocument({ name: 'automatic', approvals: [] })],
    roles: aConfiguration().roles,
  },
  { LOG_LEVEL: 'trace', POSTERN_METRICS_TOKEN: metricsToken },
)
afterAll(served.stop)

/** Text that a careless page, spreadsheet, terminal, log or manifest would execute. */
const hostileReason = [
  `<img src=x onerror=alert(1)>"'&</script><script>alert(2)</script>`,
  `=cmd|'/C calc'!A0`,
  `- injected: &x [*x]`,
  `---`,
  `{"level":"fatal","msg":"forged"}`,
  '{{7*7}} %s %n',
].join('\n')
const hostileName = 'Mallory <b>"Owner"</b>\n\u001b[31m\u202e: {x: y} #\u0000'

/** Every response except those whose purpose is to return a token. */
const answers: string[] = []
const withToken: string[] = []
const outside = outsideClient(served.url, async (response) => {
  const text = await response.text()
  const isToken = /\/credentials$/.test(new URL(response.url).pathname) || text.includes('"credential":{')
  ;(isToken ? withToken : answers).push(`${JSON.stringify([...response.headers])}\n${text}`)
})
const secrets = new Map<string, string>()

/** Signs in, in the browser and for the API, and remembers the secrets of both. */
async function arrive(person: string, name: Caller['name']): Promise<Caller> {
  const bearer = await bearerToken(served.tokenSource, person)
  const cookie = await served.signIn(person)
  secrets.set(`bearer token of ${person}`, bearer)
  secrets.set(`session cookie of ${person}`, cookie.replace(/^[^=]+=/, ''))
  return { name, bearer, cookie }
}

const pages = [
  '/access',
  '/requests/new',
  '/requests/new?entitlement=payments-restart',
  '/inbox',
  '/inbox/decided',
  '/inbox/reviews',
  '/live',
  '/history',
  '/guardrails',
  '/clusters',
  '/notices',
]
let requestId = ''
let preview: { manifests: string; objects: unknown[] }

beforeAll(async () => {
  await aClusterState()
  served.provider.addPerson('mallory', { name: hostileName, email: 'mallory@example.com', groups: ['payments-dev'] })
  const mallory = await arrive('mallory', 'requester')
  const priya = await arrive('priya', 'approver')
  const ines = await arrive('ines', 'auditor')
  const { provider } = served
  secrets.set('client secret', provider.clientSecret)
  secrets.set('session secret', process.env.POSTERN_SESSION_SECRET ?? '')
  secrets.set('metrics token', metricsToken)

  const submission = {
    ...{ entitlement: 'payments-restart', cluster: 'prod-eu', namespaces: ['payments'], duration: 'PT10M' },
    reason: hostileReason,
  }
  preview = (await outside.api(mallory, 'POST', '/requests/preview', submission)).json
  const { id, digest } = (await outside.api(mallory, 'POST', '/requests', submission)).json
  requestId = id
  await outside.api(priya, 'POST', `/requests/${id}/decisions`, { decision: 'approve', digest, note: hostileReason })
  const grantId = (await outside.api(mallory, 'GET', `/requests/${id}`)).json.grant.id

  await served.whileWorking(async () => {
    await grantReaches(grantId, 'active')
    const credential = (await outside.api(mallory, 'POST', `/grants/${grantId}/credentials`, {})).json
    const second = await outside.act(mallory, 'connect', [grantId])
    expect([credential.token, second.answer]).toEqual([expect.stringMatching(/^eyJ/), 'yes'])
    secrets.set('token of a grant, by the API', credential.token)
    const [inAction = ''] = withToken.at(-1)?.match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/) ?? []
    expect(inAction).not.toBe('')
    secrets.set('token of a grant, by the action', inAction)

    // Every place where a careless Postern would echo its input.
    for (const secret of secrets.values()) {
      const bad: Caller = { name: 'wrong audience', bearer: secret, cookie: `postern.session=${secret}x` }
      await outside.api(bad, 'GET', '/me')
      await outside.page(bad, '/access')
      await outside.act(bad, 'withdraw', withForm({ requestId: secret }))
      await outside.api(mallory, 'GET', `/requests/${encodeURIComponent(secret)}`)
      await outside.api(mallory, 'GET', `/audit-events?cursor=${encodeURIComponent(secret)}`)
      await outside.api(mallory, 'POST', '/requests', { ...submission, token: secret, duration: secret })
      await outside.send(
        `/api/auth/callback/oidc?code=${encodeURIComponent(secret)}&state=${encodeURIComponent(secret)}`,
        {},
      )
    }
    // Makes the sessions refresh their groups with the refresh tokens.
    await served.database.asOwner(`UPDATE sessions SET refreshed_at = now() - interval '10 minutes'`)
    for (const caller of [mallory, priya, ines])
      for (const path of [...pages, `/requests/${requestId}`]) await outside.page(caller, path)
    for (const caller of [mallory, priya, ines])
      for (const path of ['/me', '/requests?role=all', '/grants', `/grants/${grantId}`, '/audit-events'])
        await outside.api(caller, 'GET', path)
    await outside.api(priya, 'POST', `/grants/${grantId}/revoke`, { reason: hostileReason })
    await grantReaches(grantId, 'ended')
  })
  for (const [index, token] of provider.issued().entries()) secrets.set(`token ${index} of the provider`, token)
})

/** The parts that identify a secret, also where only a part of it was kept. */
function marksOf(secret: string): string[] {
  const parts = secret.split('.').filter((part) => part.length >= 16)
  if (parts.length < 2) return [secret]
  // The header of a JWT is not secret, and others have the same.
  return parts.slice(1)
}

function expectNone(what: string, text: string) {
  for (const [name, secret] of secrets)
    for (const mark of marksOf(secret)) expect(text.includes(mark), `${name} in ${what}`).toBe(false)
}

describe('secrets', () => {
  test('tokens, session cookies and process secrets are in no database table', async () => {
    const tables = await served.database.asOwner<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    )
    expect(tables.length).toBeGreaterThan(10)
    for (const { name } of tables) {
      const rows = await served.database.asOwner<{ row: string }>(`SELECT t::text AS row FROM ${name} AS t`)
      expectNone(`the table ${name}`, rows.map(({ row }) => row).join('\n'))
    }
  })

  test('tokens, session cookies and process secrets are in no log line', () => {
    const log = served.log()
    expect(log.split('\n').length).toBeGreaterThan(100)
    expectNone('the log', log)
  })

  test('a secret is in no page, response or error except the one that issued it', () => {
    expect(answers.length).toBeGreaterThan(100)
    for (const answer of answers) expectNone(answer.slice(0, 2_000), answer)
    expect(withToken.length).toBe(2)
  })

  test('tokens, session cookies and process secrets are not in the audit log of the API server', () => {
    expectNone('the audit log of the API server', readFileSync(testParts().kubernetes.auditLog, 'utf8'))
  })
})

describe('untrusted text', () => {
  test('untrusted text is never markup on a page', () => {
    const html = answers.filter((answer) => answer.includes('<!DOCTYPE html>'))
    expect(html.filter((page) => page.includes('onerror=alert(1)')).length).toBeGreaterThan(2)
    for (const page of html) {
      expect(page).not.toMatch(/<img src=x|<script>alert|<b>"?Owner/)
      expect(page).not.toMatch(/[^\P{Cc}\n\r\t]|\u202e/u)
    }
  })

  test('untrusted text cannot forge a log line or put control characters into one', () => {
    const lines = served
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    const parsed = lines.map((line) => JSON.parse(line) as { level: string; time?: string; msg?: string })
    expect(parsed.filter(({ msg }) => msg === 'forged')).toEqual([])
    for (const line of lines) expect(line).not.toMatch(/\p{Cc}|\u202e/u)
  })

  test('untrusted text in a manifest adds no object and no key', () => {
    const documents = parseAllDocuments(preview.manifests)
    expect(documents.flatMap(({ errors }) => errors)).toEqual([])
    const objects = documents.map((document) => document.toJS())
    expect(objects).toHaveLength(preview.objects.length)
    for (const { metadata } of objects) {
      for (const value of Object.values<string>(metadata.labels))
        expect(value).toMatch(/^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/)
      expect(Object.keys(metadata.annotations ?? {}).every((key) => key.startsWith('postern.dev/'))).toBe(true)
    }
  })

  test('the API returns untrusted text as JSON that no browser reads as another type', () => {
    const api = answers.filter(
      (answer) => answer.includes(hostileReason.split('\n')[1] ?? '') && answer.includes('application/json'),
    )
    expect(api.length).toBeGreaterThan(0)
    for (const answer of api) expect(answer).toContain('["x-content-type-options","nosniff"]')
  })
})
