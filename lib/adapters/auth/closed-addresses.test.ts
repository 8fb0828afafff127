import { afterAll, expect, test } from 'vitest'
import { clusterClient } from '#lib/adapters/cluster/client'
import { writeKubeconfig } from '#local/parts/kubeconfig'
import { aConfiguration } from '#testing/configuration'
import { startHostileIssuer } from '#testing/hostile-issuer'
import { testPolicy } from '#testing/policy'
import { providerMetadata } from './discovery.ts'

// Postern's own calls lead nowhere but where the configuration means them to: not to the metadata service of the machine
// it runs on, whoever names that.

const metadataService = 'https://169.254.169.254'
const hostile = await startHostileIssuer()
const policy = await testPolicy()
afterAll(async () => {
  await policy.stop()
  await hostile.stop()
})

const trust = (issuer: string, openAddresses?: string[]) =>
  policy.change(
    aConfiguration({ identity: { issuer, clientId: 'postern', apiAudience: 'postern-api' }, openAddresses }),
  )

const why = async () => {
  const error = await providerMetadata().then(
    () => null,
    (refused: Error) => refused,
  )
  return String((error?.cause as Error | undefined)?.message ?? error?.message)
}

test('an issuer at a metadata address is not asked, unless the configuration opens it', async () => {
  const began = performance.now()
  await trust(metadataService)
  expect(await why()).toMatch(/does not call/)
  expect(performance.now() - began, 'nothing was tried').toBeLessThan(2_000)
  await trust(`${metadataService}/tenant`, ['169.254.169.254'])
  expect(await why()).not.toMatch(/does not call/)
})

test.each(['jwks_uri', 'token_endpoint'])('a provider cannot lead Postern there by its %s', async (endpoint) => {
  const issuer = await startHostileIssuer()
  issuer.answers.endpoints = { [endpoint]: `${metadataService}/latest/meta-data/` }
  await trust(issuer.issuer)
  expect(await why()).toMatch(/does not call/)
  await issuer.stop()
})

test('nor by a redirect, nor by an answer without end', async () => {
  const issuer = await startHostileIssuer()
  issuer.answers.discovery = (response) => response.writeHead(302, { location: `${hostile.issuer}/keys` }).end()
  await trust(issuer.issuer)
  expect(await why()).toBe('discovery answered 302')
  await issuer.stop()

  const endless = await startHostileIssuer()
  endless.answers.discovery = (response) => {
    const more = () => {
      while (response.writable && response.write('x'.repeat(65_536)));
    }
    response.writeHead(200).on('drain', more)
    more()
  }
  await trust(endless.issuer)
  expect(await why()).toBe('the answer has no end')
  await endless.stop()
})

test('a kubeconfig cannot lead Postern’s own token there', async () => {
  const cluster = { name: 'meta', server: metadataService, caFile: undefined }
  const file = writeKubeconfig(`${policy.file}.kubeconfig`, cluster, { token: 'secret' })
  await expect(clusterClient({ name: 'meta', kubeconfig: { file } })).rejects.toThrow(
    /^The kubeconfig for meta leads to a link-local or metadata address/,
  )
  const open = await clusterClient({ name: 'meta', kubeconfig: { file }, openAddresses: ['169.254.0.0/16'] })
  open.close()
})
