import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { aConfiguration } from '#testing/configuration'
import { run } from '../running.testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-authentication-'))
afterAll(() => rmSync(folder, { recursive: true }))

const base = aConfiguration()
const [cluster] = base.clusters
const https = { ...base.identity, issuer: 'https://login.example.com' }
let files = 0
async function authentication(changes: { identity?: object; cluster?: object }, ...args: string[]) {
  files += 1
  const file = join(folder, `${files}.yaml`)
  const people = { username: 'email' }
  const clusters = [{ ...cluster, people, ...changes.cluster }]
  writeFileSync(file, stringify({ ...base, identity: { ...https, ...changes.identity }, clusters }))
  return run(['cluster', 'authentication', '--policy', file, ...args])
}
const translate = (...flags: string[]) => run(['cluster', 'authentication', '--', ...flags])

test('the provider and the names of a cluster become an authenticator, and anonymous calls reach only health checks', async () => {
  const { code, out } = await authentication({}, '--audience', 'kubernetes')
  expect(code).toBe(0)
  const file = parse(out)
  expect(file).toMatchObject({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' })
  expect(file.jwt).toHaveLength(1)
  expect(file.jwt[0]).toMatchObject({
    issuer: { url: 'https://login.example.com', audiences: ['kubernetes'] },
    claimMappings: { username: { claim: 'email', prefix: '' }, groups: { claim: 'groups', prefix: '' } },
  })
  expect(file.anonymous.conditions).toEqual([{ path: '/livez' }, { path: '/readyz' }, { path: '/healthz' }])
})

test('groups at a path and a subject of another claim are read as Postern reads them', async () => {
  const { out } = await authentication(
    {
      identity: { groupsClaim: 'realm_access.roles', subjectClaim: 'oid' },
      cluster: { people: { username: 'subject', usernamePrefix: 'corp:', groupsPrefix: 'corp:' } },
    },
    ...['--audience', 'kubernetes'],
  )
  const [jwt] = parse(out).jwt
  expect(jwt.claimMappings).toEqual({
    username: { claim: 'oid', prefix: 'corp:' },
    groups: { expression: 'claims.realm_access.roles.map(group, "corp:" + group)' },
  })
  // Only an e-mail address can be unverified.
  expect(jwt.claimValidationRules).toBeUndefined()
})

test.each<[string, Parameters<typeof authentication>[0], string[], string]>([
  ['no client', {}, [], 'Name the client of the provider'],
  ['the client of Postern itself', {}, ['--audience', base.identity.clientId as string], 'is the audience of Postern'],
  ['no names', { cluster: { people: undefined } }, ['--audience', 'k'], 'has no people in the policy'],
  ['plain http', { identity: { issuer: 'http://127.0.0.1:1' } }, ['--audience', 'k'], 'only a provider at an https://'],
  ['no such file', {}, ['--audience', 'k', '--ca', '/nowhere'], '/nowhere: no such file'],
])('with %s the command says what is needed', async (_, changes, args, message) => {
  const { code, err } = await authentication(changes, ...args)
  expect(code).toBe(2)
  expect(err).toContain(message)
})

test('flags of an API server are translated with their defaults', async () => {
  const { out } = await translate('--oidc-issuer-url=https://a.example', '--oidc-client-id', 'kubernetes')
  expect(parse(out).jwt[0]).toMatchObject({
    issuer: { url: 'https://a.example', audiences: ['kubernetes'] },
    claimMappings: { username: { claim: 'sub', prefix: 'https://a.example#' } },
  })
  const flags = ['--oidc-issuer-url=https://a.example', '--oidc-client-id=k', '--oidc-username-claim=email']
  const more = ['--oidc-groups-claim=groups', '--oidc-groups-prefix=g:', '--oidc-required-claim=hd=example.com']
  const all = parse((await translate(...flags, ...more, '--oidc-required-claim=a=b=c')).out).jwt[0]
  expect(all.claimMappings).toEqual({
    username: { claim: 'email', prefix: '' },
    groups: { claim: 'groups', prefix: 'g:' },
  })
  expect(all.claimValidationRules).toEqual([
    { claim: 'hd', requiredValue: 'example.com' },
    { claim: 'a', requiredValue: 'b=c' },
  ])
  const [first] = parse((await translate(...flags, '--oidc-username-prefix=-')).out).jwt
  expect(first.claimMappings.username.prefix).toBe('')
})

test('another flag, a missing value or a missing client is refused', async () => {
  for (const flags of [['--v=4'], ['--oidc-issuer-url'], ['--oidc-issuer-url=https://a.example']]) {
    expect((await translate(...flags)).code).toBe(2)
  }
})
