import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { closeClusters } from '#lib/adapters/cluster/client'
import { stopAwaiting } from '#lib/adapters/db/grants/await-answer'
import { startWorker } from '#lib/worker/start'
import { cliClient } from '#local/parts/identity-clients'
import { anyLocalPort, type IdentityProvider, startIdentityProvider } from '#local/parts/identity-provider'
import { startPostern } from '#local/parts/postern'
import { sessionCookie } from '#local/parts/sign-in'
import { freePort } from '#local/processes/ports'
import { lastLines, openRun } from '#local/processes/processes'
import { aConfiguration, type ConfigurationDocument } from './configuration.ts'
import { type TestDatabase, testDatabase, testParts } from './database.ts'
import { withPatience } from './patience.ts'
import { testPolicy } from './policy.ts'
import { until } from './until.ts'

export type ServedPostern = {
  url: string
  database: TestDatabase
  provider: IdentityProvider
  /** For bearer tokens from this provider's real flow. */
  tokenSource: { issuer: string; clientId: string; clientSecret: string; redirectUri: string }
  /** The server's log until now. */
  log(): string
  /** Runs a worker in this process, on the real cluster, while `during` runs. */
  whileWorking<T>(during: () => Promise<T>): Promise<T>
  /** Changes parts of the configuration, here at once and in the server when it notices its new file. */
  change(changes: Partial<ConfigurationDocument>): Promise<void>
  /** Signs in over the network, as a browser does. Resolves to the value of a Cookie header. */
  signIn(person: string): Promise<string>
  stop(): Promise<void>
}

/**
 * The production build, served as `POSTERN_ROLE=web` with a database and an identity provider of this test file's own, for
 * tests that call it over the network. The same configuration is in force in this process, so that a test can prepare its
 * data with Postern's own operations.
 */
export async function servedPostern(
  overrides: Partial<ConfigurationDocument> = {},
  environment: Record<string, string> = {},
): Promise<ServedPostern> {
  const { kubernetes } = testParts()
  const database = await testDatabase()
  const port = await freePort()
  const url = `http://localhost:${port}`
  const provider = await startIdentityProvider({
    redirectUris: anyLocalPort('/api/auth/callback/oidc'),
    postLogoutRedirectUris: anyLocalPort('/signed-out'),
  })
  const { issuer, clientId, clientSecret, audience } = provider
  process.env.POSTERN_OIDC_CLIENT_SECRET = clientSecret
  const cluster = { kubeconfig: { file: kubernetes.posternKubeconfig }, publicServer: kubernetes.server }
  const document = aConfiguration({
    publicUrl: url,
    identity: { issuer, clientId, apiAudience: audience, cli: cliClient },
    clusters: [{ name: 'prod-eu', labels: { environment: 'prod' }, ...cluster }],
    // Each call may claim another client address, so that no test runs into a rate limit per address.
    trustedProxies: 1,
    ...overrides,
  })
  const policy = await testPolicy(document)
  const run = await openRun({ name: 'served' })
  const directory = join(run.directory, 'postern')
  mkdirSync(directory, { recursive: true })
  const { part, configFile } = await startPostern(run, {
    port,
    directory,
    configuration: stringify(document),
    databaseUrl: withPatience(database.appUrl),
    clientSecret,
    sessionSecret: process.env.POSTERN_SESSION_SECRET,
    signingKey: process.env.POSTERN_SIGNING_KEY,
    role: 'web',
    environment: {
      POSTERN_METRICS_TOKEN: 'a-metrics-token-for-tests-only',
      POSTERN_LOG_KEY: process.env.POSTERN_LOG_KEY ?? '',
      ...environment,
    },
  })
  const redirectUri = `${url}/api/auth/callback/oidc`

  /** NB: retried, because on a cold server the identity provider may seem to respond too late. */
  async function signIn(person: string): Promise<string> {
    let cookie = ''
    let problem = 'there was no session'
    const hasSession = async () => {
      cookie = await sessionCookie(url, person).catch((error: Error) => {
        problem = error.message
        return ''
      })
      return cookie.includes('postern.session=')
    }
    await until(`${person} to be signed in`, hasSession).catch((error: Error) => {
      throw new Error(`${error.message}: ${problem}\n${lastLines(part.logFile)}`)
    })
    return cookie
  }

  return {
    url,
    database,
    provider,
    tokenSource: { issuer, clientId, clientSecret, redirectUri },
    log: () => readFileSync(part.logFile, 'utf8'),
    whileWorking: async (during) => {
      const worker = await startWorker()
      try {
        return await during()
      } finally {
        await worker.stop()
      }
    },
    change: async (changes) => {
      const next = { ...document, ...changes }
      writeFileSync(configFile, stringify(next))
      await policy.change(next)
    },
    signIn,
    stop: async () => {
      await run.stop()
      await stopAwaiting()
      await closeClusters()
      await policy.stop()
      await provider.stop()
      await database.drop()
    },
  }
}
