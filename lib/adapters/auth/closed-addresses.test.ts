import { afterAll, expect, test } from 'vitest'
import { clusterClient } from '#lib/adapters/cluster/client'
import { writeKubeconfig } from '#local/parts/kubeconfig'
import { aConfiguration } from '#testing/configuration'
import { startHostileIssuer } from '#testing/hostile-issuer'
import { testPolicy } from '#testing/policy'
import { providerMetadata } from './discovery.ts'

// Postern calls the metadata service of the machine it runs on only if the configuration allows it, wherever that
// address comes from.

const metadataService = 'https://169.254.169.254'
const hostile = await startHostileIssuer()
const policy = await testPolicy()
afterAll(async () => {
  await policy.stop()
  await hostile.stop()
})

const configureIssuer = (issuer: string, openAddresses?: string[]) =>
  policy.change(
    aConfiguration({ identity: { issuer, clientId: 'postern', apiAudience: 'postern-api' }, openAddresses }),
  )

const failure = async () => {
  const error = await providerMetadata().then(
    () => null,
    (refused: Error) => refused,
  )
  return String((error?.cause as Error | undefined)?.message ?? error?.message)
}

test('Postern does not call an issuer at a metadata address unless the configuration allows it', async () => {
  await configureIssuer(metadataService)
  expect(await failure()).toMatch(/does not call/)
  await configureIssuer(`${metadataService}/tenant`, ['169.254.169.254'])
  expect(await failure()).not.toMatch(/does not call/)
})

test.each(['jwks_uri', 'token_endpoint'])(
  'a provider cannot make Postern call a metadata address through its %s',
  async (endpoint) => {
    const issuer = await startHostileIssuer()
    issuer.answers.endpoints = { [endpoint]: `${metadataService}/latest/meta-data/` }
    await configureIssuer(issuer.issuer)
    expect(await failure()).toMatch(/does not call/)
    await issuer.stop()
  },
)

test('Postern does not follow a provider’s redirect and does not read an endless response', async () => {
  const issuer = await startHostileIssuer()
  issuer.answers.discovery = (response) => response.writeHead(302, { location: `${hostile.issuer}/keys` }).end()
  await configureIssuer(issuer.issuer)
  expect(await failure()).toContain('responded 302')
  await issuer.stop()

  const endless = await startHostileIssuer()
  endless.answers.discovery = (response) => {
    const more = () => {
      while (response.writable && response.write('x'.repeat(65_536)));
    }
    response.writeHead(200).on('drain', more)
    more()
  }
  await configureIssuer(endless.issuer)
  expect(await failure()).toBe('the response is too large')
  await endless.stop()
})

test('a kubeconfig cannot make Postern send its token to a metadata address', async () => {
  const cluster = { name: 'meta', server: metadataService, caFile: undefined }
  const file = writeKubeconfig(`${policy.file}.kubeconfig`, cluster, { token: 'secret' })
  await expect(clusterClient({ name: 'meta', kubeconfig: { file } })).rejects.toThrow(
    /^The kubeconfig for meta points to a link-local or metadata address/,
  )
  const open = await clusterClient({ name: 'meta', kubeconfig: { file }, openAddresses: ['169.254.0.0/16'] })
  open.close()
})
