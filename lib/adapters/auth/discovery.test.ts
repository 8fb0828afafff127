import { afterAll, expect, test } from 'vitest'
import { aConfiguration } from '#testing/configuration'
import { startHostileIssuer } from '#testing/hostile-issuer'
import { testPolicy } from '#testing/policy'
import { knownProviderOrigins, providerMetadata } from './discovery.ts'

const hostile = await startHostileIssuer()
const policy = await testPolicy()
const configureIssuer = (issuer: string) =>
  policy.change(aConfiguration({ identity: { issuer, clientId: 'postern', apiAudience: 'postern-api' } }))
afterAll(async () => {
  await policy.stop()
  await hostile.stop()
})

test('metadata that names another issuer is refused, and the provider is called again only after five seconds', async () => {
  await configureIssuer(hostile.issuer)
  hostile.answers.discoveredIssuer = 'https://elsewhere.example'
  await expect(providerMetadata()).rejects.toThrow('calls itself “https://elsewhere.example”')
  hostile.answers.discoveredIssuer = ''
  await expect(providerMetadata(), 'a failure is cached for five seconds').rejects.toThrow('calls itself')
})

test('simultaneous calls share one discovery, and an unreachable provider keeps its last metadata', async () => {
  const second = await startHostileIssuer()
  await configureIssuer(second.issuer)
  const [one, other] = await Promise.all([providerMetadata(), providerMetadata()])
  expect(one).toMatchObject({ issuer: second.issuer, tokenEndpoint: `${second.issuer}/token` })
  expect(other).toBe(one)
  expect(knownProviderOrigins()).toEqual([second.issuer])
  await second.stop()
  expect(await providerMetadata(), 'the last good metadata stays valid').toBe(one)
})
