import { afterAll, expect, test } from 'vitest'
import { aConfiguration } from '#testing/configuration'
import { startHostileIssuer } from '#testing/hostile-issuer'
import { testPolicy } from '#testing/policy'
import { knownProviderOrigins, providerMetadata } from './discovery.ts'

const hostile = await startHostileIssuer()
const policy = await testPolicy()
const trust = (issuer: string) =>
  policy.change(aConfiguration({ identity: { issuer, clientId: 'postern', apiAudience: 'postern-api' } }))
afterAll(async () => {
  await policy.stop()
  await hostile.stop()
})

test('a provider whose metadata name another issuer is not believed, and asked again only after a while', async () => {
  await trust(hostile.issuer)
  hostile.answers.discoveredIssuer = 'https://elsewhere.example'
  await expect(providerMetadata()).rejects.toThrow('does not answer')
  hostile.answers.discoveredIssuer = ''
  await expect(providerMetadata(), 'a failure is remembered for five seconds').rejects.toThrow('does not answer')
})

test('the right provider is discovered by whoever asks first, and its origins are known from then on', async () => {
  const second = await startHostileIssuer()
  await trust(second.issuer)
  const [one, other] = await Promise.all([providerMetadata(), providerMetadata()])
  expect(one).toMatchObject({ issuer: second.issuer, tokenEndpoint: `${second.issuer}/token` })
  expect(other).toBe(one)
  expect(knownProviderOrigins()).toEqual([second.issuer])
  await second.stop()
  expect(await providerMetadata(), 'the last good answer stays in force').toBe(one)
})
