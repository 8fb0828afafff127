import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { freePort } from '#local/processes/ports'
import type { Run } from '#local/processes/processes'

export type Identity = {
  issuer: string
  clientId: string
  clientSecret: string
  /** What bearer tokens for the API must carry as `aud`. */
  audience: string
}

/**
 * The local identity provider as a part of a run. On 127.0.0.1, while Postern is at `localhost`: cookies do not
 * distinguish ports, and on one host the two would overwrite each other's.
 */
export async function startIdentity(
  run: Run,
  wishes: { port?: number; clientSecret?: string } = {},
): Promise<Identity> {
  const port = await freePort(wishes.port)
  const clientSecret = wishes.clientSecret ?? randomBytes(24).toString('base64url')
  const issuer = `http://127.0.0.1:${port}`
  await run.start({
    name: 'identity-provider',
    command: process.execPath,
    args: [join(import.meta.dirname, 'identity-provider.ts')],
    env: { ...process.env, PORT: String(port), POSTERN_OIDC_CLIENT_SECRET: clientSecret },
    ending: { signal: 'SIGTERM', graceMs: 1000 },
    ready: async () => {
      const answer = await fetch(`${issuer}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(2000) })
      return ((await answer.json()) as { issuer: string }).issuer === issuer
    },
  })
  return { issuer, clientId: 'postern', clientSecret, audience: 'postern-api' }
}
