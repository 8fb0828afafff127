import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { freePort } from '#local/processes/ports'
import type { Run } from '#local/processes/processes'

export type Identity = {
  issuer: string
  clientId: string
  clientSecret: string
  /** The required `aud` of bearer tokens for the API. */
  audience: string
}

/**
 * Starts the local identity provider as a part of a run. It uses 127.0.0.1 and Postern uses `localhost`: cookies ignore
 * the port, so on one host name each would overwrite the other's.
 */
export async function startIdentity(
  run: Run,
  options: { port?: number; clientSecret?: string } = {},
): Promise<Identity> {
  const port = await freePort(options.port)
  const clientSecret = options.clientSecret ?? randomBytes(24).toString('base64url')
  const issuer = `http://127.0.0.1:${port}`
  await run.start({
    name: 'identity-provider',
    command: process.execPath,
    args: [join(import.meta.dirname, 'identity-provider.ts')],
    env: { ...process.env, PORT: String(port), POSTERN_OIDC_CLIENT_SECRET: clientSecret },
    ending: { signal: 'SIGTERM', graceMs: 1000 },
    ready: async () => {
      const response = await fetch(`${issuer}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(2000) })
      return ((await response.json()) as { issuer: string }).issuer === issuer
    },
  })
  return { issuer, clientId: 'postern', clientSecret, audience: 'postern-api' }
}
