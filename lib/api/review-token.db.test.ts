import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JWTPayload, SignJWT } from 'jose'
import { afterAll, describe, expect, test } from 'vitest'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { db } from '#lib/adapters/db/client'
import type { Grant } from '#lib/adapters/db/generated/client'
import { signGrantToken, signProbeToken } from '#lib/adapters/db/grants/grant-tokens'
import { newId } from '#lib/adapters/db/ids'
import { tokenKeys } from '#lib/adapters/db/signing'
import { handOverSeconds } from '#lib/core/grants/token-lifetime'
import { publicJwk, tokenKey } from '#lib/core/signing/token-key'
import { env } from '#lib/env'
import { metrics } from '#lib/observability/metrics'
import { callRoute, expectProblem } from '#testing/call-route'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { withPatience } from '#testing/patience'
import { aPerson, aSystemActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { startProxy } from '#testing/proxy'
import { aGrant, aRequest } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { until } from '#testing/until'
import * as keySetDoor from '../../app/.well-known/jwks.json/route.ts'
import { GET, POST } from '../../app/authenticate/[cluster]/route.ts'

const door = { GET, POST }
const otherSecret = randomBytes(32).toString('hex')
process.env.POSTERN_OTHER_SIGNING_KEY = otherSecret
const directory = mkdtempSync(join(tmpdir(), 'postern-review-'))
const caller = randomBytes(32).toString('base64url')
const ofOther = randomBytes(32).toString('base64url')
const fileOf = (name: string, token: string) => {
  writeFileSync(join(directory, name), `${token}\n`)
  return join(directory, name)
}

const database = await testDatabase()
const url = new URL(database.appUrl)
const proxy = await startProxy({ host: url.hostname, port: Number(url.port) })
process.env.DATABASE_URL = withPatience(Object.assign(new URL(url), { port: String(proxy.port) }).href)
const { clusters, ...rest } = aConfiguration()
const [first] = clusters
const webhook = (name: string, token: string) => ({ webhookAuthentication: { tokenFile: fileOf(name, token) } })
const policy = await testPolicy({
  ...rest,
  clusters: [
    { ...first, name: 'prod-eu', ...webhook('prod-eu', caller) },
    { ...first, name: 'prod-us', ...webhook('prod-us', ofOther) },
    // It sends audit events, and no TokenReviews.
    { ...first, name: 'prod-audit', audit: { tokenFile: fileOf('audit', caller) } },
  ],
})
const { publicUrl } = aConfiguration()
afterAll(async () => {
  await policy.stop()
  await database.drop()
  await proxy.stop()
  rmSync(directory, { recursive: true })
})

type Asked = { cluster?: string; as?: string | undefined; version?: string }
const reviewOf = (token: unknown, { cluster = 'prod-eu', as = caller, version = 'v1' }: Asked = {}) =>
  callRoute(door, {
    method: 'POST',
    path: `/authenticate/${cluster}`,
    params: { cluster },
    token: as,
    body: { apiVersion: `authentication.k8s.io/${version}`, kind: 'TokenReview', spec: { token } },
  })

const unauthenticated = {
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenReview',
  status: { authenticated: false },
}

/** The event with which every issue of a token is in the history. */
const recordIssue = (grantId: string, jti: string) =>
  recordEvent(db(), {
    ...{ type: 'credential.issued', actor: aSystemActor(), about: { grantId } },
    data: { jti, expiresAt: new Date(Date.now() + 600_000).toISOString() },
  })

/** A grant without a ServiceAccount, and how the tokens for it are recorded. */
async function aVouchedGrant(status: Grant['status'] = 'active') {
  const holder = await aPerson()
  const request = await aRequest({ requester: holder, status: 'approved' })
  const grant = await aGrant({ request, status })
  const recordWithoutEvent = (jti: string, some: object = {}) =>
    db().credential.create({
      data: {
        ...{ id: newId('credential'), grantId: grant.id, personId: holder.id, jti },
        ...{ issuedAt: new Date(), expiresAt: new Date(Date.now() + 600_000), ...some },
      },
    })
  const record = async (jti: string, some: object = {}) => {
    await recordIssue(grant.id, jti)
    return recordWithoutEvent(jti, some)
  }
  const issue = async (cluster = 'prod-eu') => {
    const issued = await signGrantToken({ publicUrl, cluster, grantId: grant.id }, 600)
    await record(issued.jti)
    return issued
  }
  return { grant, holder, record, recordWithoutEvent, issue }
}

type Forged = { header?: Record<string, unknown>; claims?: JWTPayload; key?: Parameters<SignJWT['sign']>[0] }

/** A token like those of Postern, except for what a forger changes. Its jti is recorded: only the token itself is wrong. */
async function aTokenWith(of: Awaited<ReturnType<typeof aVouchedGrant>>, { header, claims, key }: Forged) {
  const [own] = tokenKeys()
  if (!own) throw new Error('there is no key')
  const jti = randomUUID()
  await of.record(jti)
  const now = Math.floor(Date.now() / 1000)
  const all: JWTPayload = {
    ...{ iss: publicUrl, sub: `postern:grant:${of.grant.id}`, aud: `${publicUrl}/authenticate/prod-eu` },
    ...{ iat: now, exp: now + 600, jti, ...claims },
  }
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  return new SignJWT(given)
    .setProtectedHeader({ alg: 'EdDSA', kid: own.id, typ: 'postern-grant+jwt', ...header })
    .sign(key ?? own.privateKey)
}

describe('a token of an active grant', () => {
  test('is that of the grant’s user, in no group of the cluster, with the grant and the audit ID', async () => {
    const { grant, issue } = await aVouchedGrant()
    const { token, jti } = await issue()
    const { status, body, headers } = await reviewOf(token)
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(body).toEqual({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      status: {
        authenticated: true,
        user: {
          username: `postern:grant:${grant.id}`,
          uid: grant.id,
          groups: ['postern:grants'],
          extra: {
            'postern.dev/grant': [grant.id],
            'authentication.kubernetes.io/credential-id': [`JTI=${jti}`],
          },
        },
      },
    })
  })
  test('is accepted in v1beta1 as well, and answered in the version of the question', async () => {
    const { issue } = await aVouchedGrant()
    const { body } = await reviewOf((await issue()).token, { version: 'v1beta1' })
    expect(body).toMatchObject({ apiVersion: 'authentication.k8s.io/v1beta1', status: { authenticated: true } })
  })
  test('is never valid for longer than the grant, and never for longer than an hour', async () => {
    const of = { publicUrl, cluster: 'prod-eu', grantId: (await aVouchedGrant()).grant.id }
    for (const [left, most] of [
      [30.9, 30],
      [7200, 3600],
    ] as const) {
      const { expiresAt } = await signGrantToken(of, left)
      expect((expiresAt.getTime() - Date.now()) / 1000).toBeLessThanOrEqual(most)
    }
  })
  test('that was signed with the other key is accepted while a rotation lasts, and both keys are published', async () => {
    const of = await aVouchedGrant()
    const { id, privateKey } = tokenKey(otherSecret)
    const token = await aTokenWith(of, { header: { kid: id }, key: privateKey })
    expect((await reviewOf(token)).body.status.authenticated).toBe(true)
    const keySet = await (await keySetDoor.GET()).json()
    expect(keySet).toEqual({ keys: tokenKeys().map(publicJwk) })
    expect(keySet.keys.map(({ kid }: { kid: string }) => kid)).toContain(id)
    expect(JSON.stringify(keySet)).not.toContain('"d"')
  })
})

describe('a token of access that was extended', () => {
  /** A grant that was superseded so many seconds ago, by an extension in this state. */
  async function superseded(secondsAgo: number, extension: Grant['status'] | null) {
    const holder = await aPerson()
    const request = await aRequest({ requester: holder, status: 'approved' })
    const endingAt = new Date(Date.now() - secondsAgo * 1000)
    const activatedAt = new Date(endingAt.getTime() - 60_000)
    const grant = await aGrant({ request, status: 'ending', endedBy: 'superseded', activatedAt, endingAt })
    if (extension !== null) {
      const terms = { requester: holder, extendsGrantId: grant.id, heldSince: activatedAt }
      await aGrant({ request: await aRequest({ ...terms, status: 'approved' }), status: extension })
    }
    const { token, jti } = await signGrantToken({ publicUrl, cluster: 'prod-eu', grantId: grant.id }, 600)
    await recordIssue(grant.id, jti)
    const data = { id: newId('credential'), grantId: grant.id, personId: holder.id, jti, issuedAt: new Date() }
    await db().credential.create({ data: { ...data, expiresAt: new Date(Date.now() + 600_000) } })
    return (await reviewOf(token)).body.status.authenticated
  }
  test('is accepted while programs change to tokens of the extension, and not longer', async () => {
    expect(await superseded(1, 'active')).toBe(true)
    expect(await superseded(handOverSeconds + 1, 'active')).toBe(false)
  })
  test('is refused as soon as the extension is not active', async () => {
    expect(await superseded(1, null)).toBe(false)
    expect(await superseded(1, 'ending')).toBe(false)
  })
})

describe('a token authenticates no one', () => {
  const rotatedAway = tokenKey('a secret that was replaced two rotations ago')
  const stranger = generateKeyPairSync('ed25519').privateKey
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const past = Math.floor(Date.now() / 1000) - 60
  test.each<[string, Forged]>([
    ['signed with a key of someone else', { key: stranger }],
    ['signed with a key that was rotated away', { header: { kid: rotatedAway.id }, key: rotatedAway.privateKey }],
    ['without a key ID', { header: { kid: undefined } }],
    ['with the key of an RSA pair', { header: { alg: 'RS256' }, key: rsa }],
    [
      'with the public key as a shared secret',
      { header: { alg: 'HS256' }, key: Buffer.from(publicJwk(rotatedAway).x ?? '') },
    ],
    ['of another type', { header: { typ: 'JWT' } }],
    ['for another cluster', { claims: { aud: `${publicUrl}/authenticate/prod-us` } }],
    [
      'for this and another cluster',
      { claims: { aud: [`${publicUrl}/authenticate/prod-eu`, 'https://other.example.com'] } },
    ],
    ['without an audience', { claims: { aud: undefined } }],
    ['of another issuer', { claims: { iss: 'https://other.example.com' } }],
    ['that has expired', { claims: { exp: past } }],
    ['that never expires', { claims: { exp: undefined } }],
    ['that is not valid yet', { claims: { nbf: past + 3600 } }],
    ['without an audit ID', { claims: { jti: undefined } }],
    ['with an audit ID that was never issued', { claims: { jti: randomUUID() } }],
    ['for a user of the cluster', { claims: { sub: 'system:admin' } }],
    ['for a ServiceAccount', { claims: { sub: 'system:serviceaccount:kube-system:default' } }],
    ['for a grant that does not exist', { claims: { sub: 'postern:grant:grt_00000000000000000000000000' } }],
  ])('%s', async (_, forged) => {
    const token = await aTokenWith(await aVouchedGrant(), forged)
    expect(await reviewOf(token)).toMatchObject({ status: 200, body: unauthenticated })
  })
  test('without a signature (alg: none)', async () => {
    const { issue } = await aVouchedGrant()
    const [, payload] = (await issue()).token.split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'postern-grant+jwt' })).toString('base64url')
    expect((await reviewOf(`${header}.${payload}.`)).body).toEqual(unauthenticated)
  })
  test('with a payload that was changed after it was signed', async () => {
    const [mine, theirs] = [await aVouchedGrant(), await aVouchedGrant()]
    const [header, payload = '', signature] = (await mine.issue()).token.split('.')
    const claims = {
      ...JSON.parse(Buffer.from(payload, 'base64url').toString()),
      sub: `postern:grant:${theirs.grant.id}`,
    }
    const changed = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
    expect((await reviewOf(changed)).body).toEqual(unauthenticated)
  })
  test('with the audit ID of a token of another grant', async () => {
    const [mine, theirs] = [await aVouchedGrant(), await aVouchedGrant()]
    const token = await aTokenWith(mine, { claims: { sub: `postern:grant:${theirs.grant.id}` } })
    expect((await reviewOf(token)).body).toEqual(unauthenticated)
  })
  test.each(['', 'opaque', 'a.b.c', 'x'.repeat(50_000), '\u0000'])(
    'that is not a token of Postern: %j',
    async (token) => {
      expect(await reviewOf(token)).toMatchObject({ status: 200, body: unauthenticated })
    },
  )
  test.each(['pending', 'ending', 'ended'] as const)('of a grant that is %s', async (status) => {
    const { issue } = await aVouchedGrant(status)
    expect((await reviewOf((await issue()).token)).body).toEqual(unauthenticated)
  })
  test('from the moment in which the end of its grant is committed', async () => {
    const { grant, issue } = await aVouchedGrant()
    const { token } = await issue()
    expect((await reviewOf(token)).body.status.authenticated).toBe(true)
    const now = new Date()
    const data = { status: 'ending', endingAt: now, nextAttemptAt: now, endedBy: 'revocation' } as const
    await db().grant.update({ where: { id: grant.id }, data })
    expect((await reviewOf(token)).body).toEqual(unauthenticated)
  })
  test('that was issued to someone else than the holder, for a ServiceAccount, or until a time that has passed', async () => {
    const of = await aVouchedGrant()
    const other = await aPerson()
    for (const some of [{ personId: other.id }, { accountUid: 'uid' }, { expiresAt: new Date(Date.now() - 1000) }]) {
      const { token, jti } = await signGrantToken({ publicUrl, cluster: 'prod-eu', grantId: of.grant.id }, 600)
      await of.record(jti, some)
      expect((await reviewOf(token)).body).toEqual(unauthenticated)
    }
  })
  test('that a process signed and recorded for itself, without the event of its issue', async () => {
    const [mine, theirs] = [await aVouchedGrant(), await aVouchedGrant()]
    const { token, jti } = await signGrantToken({ publicUrl, cluster: 'prod-eu', grantId: mine.grant.id }, 600)
    await mine.recordWithoutEvent(jti)
    expect((await reviewOf(token)).body).toEqual(unauthenticated)
    await recordIssue(theirs.grant.id, jti)
    expect((await reviewOf(token)).body, 'with the event of another grant').toEqual(unauthenticated)
    await recordIssue(mine.grant.id, jti)
    expect((await reviewOf(token)).body.status.authenticated).toBe(true)
  })
  test('of a grant that is active only by a row that no worker signed', async () => {
    const of = await aVouchedGrant('pending')
    const { token } = await of.issue()
    const [activatedAt, expiresAt] = [new Date(), new Date(Date.now() + 600_000)]
    const signature = `v1.${'0'.repeat(12)}.${'A'.repeat(43)}`
    await db().grant.update({
      where: { id: of.grant.id },
      data: { status: 'active', activatedAt, expiresAt, signature },
    })
    expect((await reviewOf(token)).body).toEqual(unauthenticated)
  })
  test('in a cluster other than that of its grant, even if it is signed for that one', async () => {
    const { issue } = await aVouchedGrant()
    const { token } = await issue('prod-us')
    const { body } = await reviewOf(token, { cluster: 'prod-us', as: ofOther })
    expect(body).toEqual(unauthenticated)
  })
})

describe('a caller who is not the API server of this cluster gets no answer about a token', () => {
  test.each<[string, Asked]>([
    ['without a token', { as: '' }],
    ['with another token', { as: randomBytes(32).toString('base64url') }],
    ['with the token of another cluster', { as: ofOther }],
    ['for a cluster that is not configured', { cluster: 'nowhere' }],
    [
      'for a cluster that sends no TokenReviews, though it has the token for its audit events',
      { cluster: 'prod-audit' },
    ],
    ['for a cluster called like a property of every object', { cluster: '__proto__' }],
  ])('%s', async (_, asked) => {
    const { issue } = await aVouchedGrant()
    expectProblem(await reviewOf((await issue()).token, asked), 401, 'unauthenticated')
  })
  test('from a process that serves pages only, not even with the token of the API server', async () => {
    const { issue } = await aVouchedGrant()
    const { token } = await issue()
    const settings = env()
    const { role } = settings
    settings.role = 'web'
    const answer = await reviewOf(token).finally(() => {
      settings.role = role
    })
    expectProblem(answer, 401, 'unauthenticated')
    expect((await reviewOf(token)).status).toBe(200)
  })
  test('with a method other than POST, or a body that is not a TokenReview', async () => {
    const call = { path: '/authenticate/prod-eu', params: { cluster: 'prod-eu' }, token: caller }
    expectProblem(await callRoute(door, { ...call, method: 'GET' }), 405, 'method-not-allowed')
    for (const body of ['{', '[]', '{}', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: {} }]) {
      const answer = await callRoute(door, { ...call, method: 'POST', body })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(JSON.stringify(answer.body)).not.toContain('"authenticated"')
    }
  })
})

describe('a token with which Postern tries its webhook', () => {
  const past = Math.floor(Date.now() / 1000) - 60
  const aProbe = (cluster = 'prod-eu') => signProbeToken({ publicUrl, cluster })
  test('authenticates a user without a group, and costs no statement', async () => {
    const { token, jti } = await aProbe()
    let answer: Awaited<ReturnType<typeof reviewOf>> | undefined
    const statements = await statementsOf(async () => {
      answer = await reviewOf(token)
    })
    expect(statements).toEqual([])
    const extra = { 'authentication.kubernetes.io/credential-id': [`JTI=${jti}`] }
    expect(answer?.body.status).toEqual({ authenticated: true, user: { username: 'postern:probe', extra } })
  })
  test('is refused in another cluster', async () => {
    expect((await reviewOf((await aProbe('prod-us')).token)).body).toEqual(unauthenticated)
  })
  test.each<[string, Forged]>([
    ['for the user of a grant', { claims: { sub: 'postern:grant:grt_00000000000000000000000000' } }],
    ['for an administrator', { claims: { sub: 'system:admin' } }],
    ['that is valid for longer than half a minute', { claims: { sub: 'postern:probe' } }],
    ['that has expired', { claims: { sub: 'postern:probe', iat: past - 30, exp: past } }],
  ])('is refused if it is one %s', async (_, { claims }) => {
    const token = await aTokenWith(await aVouchedGrant(), { header: { typ: 'postern-probe+jwt' }, claims })
    expect((await reviewOf(token)).body).toEqual(unauthenticated)
  })
  test('is refused as the token of a grant', async () => {
    const token = await aTokenWith(await aVouchedGrant(), { claims: { sub: 'postern:probe' } })
    expect((await reviewOf(token)).body).toEqual(unauthenticated)
  })
})

test('while the database is unavailable no token authenticates anyone, with a status that is an error, and later it does', async () => {
  const { issue } = await aVouchedGrant()
  const { token } = await issue()
  await proxy.cut()
  const { status, body } = await reviewOf(token)
  expect(status).toBe(503)
  expect(body.status).toEqual({ authenticated: false, error: expect.stringContaining('database') })
  await proxy.mend()
  await until('it is accepted again', async () => (await reviewOf(token)).body.status?.authenticated === true)
})

test('a review of a live token is one statement by keys, one of a foreign token is none, and each is counted', async () => {
  const { issue } = await aVouchedGrant()
  const { token } = await issue()
  expect((await reviewOf(token)).body.status.authenticated).toBe(true)
  const [statement, ...more] = await statementsOf(() => reviewOf(token))
  expect(statement).toMatch(
    /FROM credentials c JOIN grants g ON g.id = c.grant_id JOIN requests r ON r.id = g.request_id/,
  )
  expect(more).toEqual([])
  expect(await statementsOf(() => reviewOf('opaque'))).toEqual([])
  const text = await metrics().registry.metrics()
  expect(text).toMatch(/^postern_token_review_seconds_count\{cluster="prod-eu",outcome="accepted"\} \d/m)
  expect(text).toMatch(/^postern_token_review_seconds_count\{cluster="prod-eu",outcome="foreign"\} \d/m)
})
