import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'

// The only file of the product that reads process.env. Importing it reads nothing, because a build has no environment.

export const processRoles = ['all', 'web', 'worker'] as const
/**
 * `web` serves pages and holds no cluster credentials; `worker` processes the queue and serves no pages; `all` does
 * both.
 */
export type ProcessRole = (typeof processRoles)[number]

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

function isEd25519Key(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'ed25519'
  } catch {
    return false
  }
}

const wordsOf = (text: string) => text.split(/\s+/).filter(Boolean)

/** libpq's `connect_timeout` (PostgreSQL, 33.1.2) in the URL of a database; null if it has none. */
const connectTimeoutIn = (address: string): string | null =>
  URL.canParse(address) ? new URL(address).searchParams.get('connect_timeout') : null

const variables = z
  .object({
    POSTERN_CONFIG: z
      .string('must be the path of the configuration file')
      .min(1, 'must be the path of the configuration file'),
    DATABASE_URL: z
      .string('must be the postgresql:// URL of the application’s database role')
      .regex(/^postgres(ql)?:\/\//, 'must be the postgresql:// URL of the application’s database role')
      .refine(
        (address) => URL.canParse(address),
        'is not a valid URL: in a password, write % as %25, # as %23 and / as %2F',
      )
      .refine(
        (address) => /^([1-9]|[1-5]\d|60)$/.test(connectTimeoutIn(address) ?? '1'),
        'has a connect_timeout that is not a whole number of seconds from 1 to 60',
      ),
    POSTERN_OIDC_CLIENT_SECRET: z.string().min(1).optional(),
    POSTERN_SESSION_SECRET: z.string().min(32, 'must be at least 32 characters').optional(),
    POSTERN_METRICS_TOKEN: z.string().min(16, 'must be at least 16 characters').optional(),
    POSTERN_SIGNING_KEY: z
      .string('must be set: at least 32 random characters, the same in every replica, web and worker')
      .min(32, 'must be at least 32 characters'),
    POSTERN_OTHER_SIGNING_KEY: z.string().min(32, 'must be at least 32 characters').optional(),
    POSTERN_LOG_KEY: z
      .string()
      .refine(isEd25519Key, 'must be an Ed25519 private key in PEM, as openssl genpkey -algorithm ed25519 makes it')
      .optional(),
    POSTERN_LOG_VERIFIERS: z
      .string()
      .refine(
        (text) => wordsOf(text).every((word) => /^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/.test(word)),
        'must be verifier keys such as postern.example.com/log+1a2b3c4d+AR…, separated by spaces',
      )
      .optional(),
    POSTERN_SMTP_PASSWORD: z.string().min(1).optional(),
    POSTERN_WEBHOOK_SECRET: z
      .string()
      .regex(/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/, 'must be whsec_ and 24 to 64 random bytes in base64')
      .optional(),
    POSTERN_SLACK_TOKEN: z
      .string()
      .regex(/^xoxb-/, 'must be a bot token, which begins with xoxb-')
      .optional(),
    POSTERN_TEAMS_URL: z
      .string()
      .max(2000)
      .refine(
        (text) => /^https:\/\/|^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(text) && URL.canParse(text),
        'must be the https URL of a workflow; plain http is allowed only on loopback',
      )
      .optional(),
    POSTERN_VAPID_KEY: z
      .string()
      .regex(/^[\w-]{43}$/, 'must be a private key of 32 bytes in base64url')
      .optional(),
    POSTERN_S3_ACCESS_KEY_ID: z.string().optional(),
    POSTERN_S3_SECRET_ACCESS_KEY: z.string().optional(),
    POSTERN_ROLE: z.enum(processRoles, `must be one of ${processRoles.join(', ')}`).default('all'),
    PORT: z.coerce.number('must be a port number').int().min(0).max(65535, 'must be a port number').default(3000),
    HOSTNAME: z.string().default('0.0.0.0'),
    LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
  })
  .superRefine((values, context) => {
    // With one key for cookies and for records, every worker could forge a session for anyone.
    for (const name of ['POSTERN_SIGNING_KEY', 'POSTERN_OTHER_SIGNING_KEY'] as const) {
      if (values[name] === undefined || values[name] !== values.POSTERN_SESSION_SECRET) continue
      context.addIssue({ code: 'custom', path: [name], message: 'must differ from POSTERN_SESSION_SECRET' })
    }
    // A worker never signs anyone in, so it needs no secrets for that.
    if (values.POSTERN_ROLE === 'worker') return
    for (const name of ['POSTERN_OIDC_CLIENT_SECRET', 'POSTERN_SESSION_SECRET'] as const) {
      if (values[name] === undefined) context.addIssue({ code: 'custom', path: [name], message: 'must be set' })
    }
  })

const secrets = [
  'DATABASE_URL',
  'POSTERN_OIDC_CLIENT_SECRET',
  'POSTERN_SESSION_SECRET',
  'POSTERN_SIGNING_KEY',
  'POSTERN_OTHER_SIGNING_KEY',
  'POSTERN_LOG_KEY',
  'POSTERN_METRICS_TOKEN',
  'POSTERN_SMTP_PASSWORD',
  'POSTERN_WEBHOOK_SECRET',
  'POSTERN_SLACK_TOKEN',
  'POSTERN_TEAMS_URL',
  'POSTERN_VAPID_KEY',
  'POSTERN_S3_ACCESS_KEY_ID',
  'POSTERN_S3_SECRET_ACCESS_KEY',
]

export type Env = {
  configPath: string
  databaseUrl: string
  /** Milliseconds that a caller waits for a connection to the database. */
  databaseConnectTimeout: number
  /** Empty in a worker that doesn't have it. */
  oidcClientSecret: string
  /** Empty in a worker that doesn't have it. */
  sessionSecret: string
  /** The bearer token for /metrics; undefined: no one may read it. */
  metricsToken: string | undefined
  /** Signs the records that grant access. */
  signingKey: string
  /** Accepted but never used to sign: during a key rotation the next key, and afterwards the previous one. */
  otherSigningKey: string | undefined
  /** Signs checkpoints of the log; only a worker uses it. Without it the log is not signed. */
  logKey: string | undefined
  /** Public keys that verify checkpoints: earlier ones, and in a process without the private key the current one. */
  logVerifiers: string[]
  /** What the channels of `notifications` need; only a worker uses them. */
  smtpPassword: string | undefined
  webhookSecret: string | undefined
  slackToken: string | undefined
  /** The address of a Teams workflow contains its own key, so it is a secret. */
  teamsUrl: string | undefined
  /** Signs browser notifications; its public key is in the configuration. */
  vapidKey: string | undefined
  /** For anchors of the log in S3 buckets; only a worker uses them. */
  s3AccessKeyId: string | undefined
  s3SecretAccessKey: string | undefined
  role: ProcessRole
  port: number
  hostname: string
  logLevel: (typeof logLevels)[number]
}

/**
 * Reads an environment. Each secret may also come from a file (`…_FILE`), whose trailing line break is dropped.
 * @throws an Error whose message names every invalid variable, and never a value
 */
export function parseEnv(source: Record<string, string | undefined>): Env {
  const values: Record<string, string | undefined> = {}
  const problems: string[] = []
  for (const [name, value] of Object.entries(source)) if (value !== '') values[name] = value
  for (const name of secrets) {
    const file = values[`${name}_FILE`]
    if (file === undefined) continue
    if (values[name] !== undefined) problems.push(`${name} and ${name}_FILE are both set: keep one of them`)
    try {
      values[name] = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    } catch (error) {
      problems.push(`${name}_FILE: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`)
    }
  }
  const parsed = variables.safeParse(values)
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`))
  if (problems.length || !parsed.success) {
    throw new Error(`The environment is invalid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
  }
  const { data } = parsed
  return {
    configPath: data.POSTERN_CONFIG,
    databaseUrl: data.DATABASE_URL,
    databaseConnectTimeout: Number(connectTimeoutIn(data.DATABASE_URL) ?? 1.5) * 1000,
    oidcClientSecret: data.POSTERN_OIDC_CLIENT_SECRET ?? '',
    sessionSecret: data.POSTERN_SESSION_SECRET ?? '',
    metricsToken: data.POSTERN_METRICS_TOKEN,
    signingKey: data.POSTERN_SIGNING_KEY,
    otherSigningKey: data.POSTERN_OTHER_SIGNING_KEY,
    logKey: data.POSTERN_LOG_KEY,
    logVerifiers: wordsOf(data.POSTERN_LOG_VERIFIERS ?? ''),
    smtpPassword: data.POSTERN_SMTP_PASSWORD,
    webhookSecret: data.POSTERN_WEBHOOK_SECRET,
    slackToken: data.POSTERN_SLACK_TOKEN,
    teamsUrl: data.POSTERN_TEAMS_URL,
    vapidKey: data.POSTERN_VAPID_KEY,
    s3AccessKeyId: data.POSTERN_S3_ACCESS_KEY_ID,
    s3SecretAccessKey: data.POSTERN_S3_SECRET_ACCESS_KEY,
    role: data.POSTERN_ROLE,
    port: data.PORT,
    hostname: data.HOSTNAME,
    logLevel: data.LOG_LEVEL,
  }
}

let cached: Env | undefined

/** The environment of this process, read once, at first use. Throws as `parseEnv` does. */
export function env(): Env {
  cached ??= parseEnv(process.env)
  return cached
}

/**
 * A token or an address of a rota, by the name that the configuration gives it, or from a file (`…_FILE`). Read each time, so
 * that a worker needs no restart for a new rota. Undefined if it is not set.
 */
export function rotaSecret(name: string): string | undefined {
  if (!/^POSTERN_ROTA_[A-Z0-9_]+$/.test(name)) return undefined
  const file = process.env[`${name}_FILE`]
  try {
    return process.env[name] || (file ? readFileSync(file, 'utf8').trim() : undefined) || undefined
  } catch {
    return undefined
  }
}

/** Only the log level, for the logger, which must work before anything else. Never throws. */
export const configuredLogLevel = (): string => logLevels.find((level) => level === process.env.LOG_LEVEL) ?? 'info'

/** The URL of the trace collector, from OpenTelemetry's own variables; undefined: traces are off. Never throws. */
export function tracesEndpoint(): string | undefined {
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces, OTEL_EXPORTER_OTLP_ENDPOINT: all } = process.env
  if (traces) return traces
  return all ? `${all.replace(/\/$/, '')}/v1/traces` : undefined
}

/** `next dev` needs `eval` and a WebSocket in the browser; nothing else may depend on this. */
export const isDevelopment = (): boolean => process.env.NODE_ENV === 'development'

/** next-auth reads its public URL only from the environment, so this copies it there from Postern's configuration. */
export function setNextAuthUrl(publicUrl: string): void {
  process.env.NEXTAUTH_URL = `${new URL(publicUrl).origin}/api/auth`
}
