import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { ensureCertificates } from '#local/parts/certificates'
import { startKubernetes } from '#local/parts/kubernetes'
import { openRun } from '#local/processes/processes'
import { ensureClusterPrograms } from '#local/programs/programs'
import { aConfiguration } from '#testing/configuration'
import { run as runCommand } from '../running.testing.ts'

// A real API server that is started with the written file, and a provider over https on loopback.

const part = await openRun({ name: 'authentication' })
afterAll(() => part.stop())
const directory = join(part.directory, 'kubernetes')
const certificates = await ensureCertificates(join(directory, 'certificates'))
const keys = await generateKeyPair('RS256', { extractable: true })
const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', use: 'sig', alg: 'RS256' }

const { cert, key } = certificates.server
const provider = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, ({ url }, response) => {
  const metadata = {
    ...{ issuer, jwks_uri: `${issuer}/keys`, id_token_signing_alg_values_supported: ['RS256'] },
    ...{ response_types_supported: ['code'], subject_types_supported: ['public'] },
  }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(url === '/keys' ? { keys: [jwk] } : metadata))
})
await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
afterAll(() => {
  provider.close()
  provider.closeAllConnections()
})
const issuer = `https://127.0.0.1:${(provider.address() as AddressInfo).port}`

let server: string
beforeAll(async () => {
  const configuration = aConfiguration()
  const policy = join(directory, 'postern.yaml')
  const [cluster] = configuration.clusters
  const people = { username: 'email', usernamePrefix: 'corp:', groupsPrefix: 'corp:' }
  const identity = { ...configuration.identity, issuer }
  writeFileSync(policy, stringify({ ...configuration, identity, clusters: [{ ...cluster, people }] }))
  const args = ['--policy', policy, '--audience', 'kubernetes', '--ca', certificates.ca]
  const written = await runCommand(['cluster', 'authentication', ...args])
  expect([written.code, written.err]).toEqual([0, ''])
  const authenticationConfig = join(directory, 'authentication.yaml')
  writeFileSync(authenticationConfig, written.out)
  const programs = { ...(await ensureClusterPrograms(() => {})), controllerManager: undefined }
  const options = { name: 'prod-eu', directory, durable: false, programs, authenticationConfig }
  server = (await startKubernetes(part, options)).server
}, 180_000)

const tokenOf = (claims: object, audience = 'kubernetes') =>
  new SignJWT({ email: 'mina@example.com', email_verified: true, groups: ['dev'], ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'one' })
    .setIssuer(issuer)
    .setSubject('mina')
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(keys.privateKey)

/** Asks the API server who it takes the caller for. */
function call(path: string, { token, body }: { token?: string; body?: object } = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  const method = body ? 'POST' : 'GET'
  const sent = request(`${server}${path}`, { ca: readFileSync(certificates.ca), method, headers }, async (response) => {
    let text = ''
    for await (const chunk of response) text += chunk
    resolve({ status: response.statusCode ?? 0, text })
  })
  sent.on('error', reject)
  sent.end(body ? JSON.stringify(body) : undefined)
  return promise
}
const whoAmI = (token: string) =>
  call('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    ...{ token, body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' } },
  })

test('someone who signed in at the provider has the names that postern.yaml says', async () => {
  const { status, text } = await whoAmI(await tokenOf({}))
  expect(status).toBe(201)
  expect(JSON.parse(text).status.userInfo).toMatchObject({
    username: 'corp:mina@example.com',
    groups: expect.arrayContaining(['corp:dev', 'system:authenticated']),
  })
})

test('a token for another client, with an unverified address or of another key is refused', async () => {
  const other = await generateKeyPair('RS256')
  const forged = await new SignJWT({ email: 'root@example.com', email_verified: true })
    .setProtectedHeader({ alg: 'RS256', kid: 'one' })
    .setIssuer(issuer)
    .setSubject('root')
    .setAudience('kubernetes')
    .setExpirationTime('5m')
    .sign(other.privateKey)
  const tokens = [
    await tokenOf({}, 'postern'),
    await tokenOf({ email_verified: false }),
    await tokenOf({ email_verified: undefined }),
    forged,
  ]
  expect(await Promise.all(tokens.map(async (token) => (await whoAmI(token)).status))).toEqual([401, 401, 401, 401])
})

test('without a credential only the health checks answer', async () => {
  for (const path of ['/livez', '/readyz', '/healthz']) expect((await call(path)).status).toBe(200)
  for (const path of ['/version', '/api', '/apis']) expect((await call(path)).status).toBe(401)
})
