import { createHash, createPrivateKey, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from '#local/processes/places'
import type { Part, Run } from '#local/processes/processes'
import { next } from './production-build.ts'

export type PosternOptions = {
  port: number
  /** Where postern.yaml is written. */
  directory: string
  /** The text of postern.yaml. */
  configuration: string
  /** PostgreSQL as the application's role. */
  databaseUrl: string
  clientSecret: string
  /** Default: a new one, so that sessions end with the process. */
  sessionSecret?: string
  /** Signs the records of this database; every process that uses it needs the same key. Default: a new one. */
  signingKey?: string
  role?: 'all' | 'web' | 'worker'
  /** Additional environment variables. */
  environment?: Record<string, string>
  name?: string
  /** Run `next dev`, with its output in this terminal, instead of the build in `.next`. */
  development?: boolean
}

/** The key that signs the log, from the other one, so that both stay the same while a database does. */
function logKeyOf(signingKey: string): string {
  const seed = createHash('sha256').update(`log ${signingKey}`).digest()
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  return String(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' }))
}

export type Postern = { url: string; configFile: string; part: Part }

/** Starts Postern, from the build in `.next` unless `development` is set, and waits until `/readyz` reports success. */
export async function startPostern(run: Run, options: PosternOptions): Promise<Postern> {
  const configFile = join(options.directory, 'postern.yaml')
  writeFileSync(configFile, options.configuration, { mode: 0o600 })
  const signingKey = options.signingKey ?? randomBytes(32).toString('base64url')
  const part = await run.start({
    name: options.name ?? 'postern',
    command: process.execPath,
    args: [next, options.development ? 'dev' : 'start', '-H', '127.0.0.1', '-p', String(options.port)],
    show: options.development,
    cwd: checkout,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_ENV: options.development ? 'development' : 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      POSTERN_CONFIG: configFile,
      DATABASE_URL: options.databaseUrl,
      POSTERN_OIDC_CLIENT_SECRET: options.clientSecret,
      POSTERN_SESSION_SECRET: options.sessionSecret ?? randomBytes(32).toString('base64url'),
      POSTERN_SIGNING_KEY: signingKey,
      POSTERN_LOG_KEY: logKeyOf(signingKey),
      POSTERN_ROLE: options.role ?? 'all',
      PORT: String(options.port),
      HOSTNAME: '127.0.0.1',
      ...options.environment,
    },
    ready: async () => {
      const response = await fetch(`http://127.0.0.1:${options.port}/readyz`, { signal: AbortSignal.timeout(10_000) })
      if (!response.ok) throw new Error(`/readyz answered ${response.status}: ${(await response.text()).slice(0, 500)}`)
      return true
    },
  })
  return { url: `http://localhost:${options.port}`, configFile, part }
}
