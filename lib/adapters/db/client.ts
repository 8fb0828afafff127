import 'server-only'
import { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { env } from '#lib/env'
import { metrics } from '#lib/observability/metrics'
import { translateError, translateErrors, unavailable } from './errors.ts'
import { PrismaClient } from './generated/client.ts'
import { nameOfStatement, sendingRaw } from './raw-statements.ts'

// lib/adapters/db: everything that reads or writes PostgreSQL.
//
//   activity/   the calls that API servers report: saving and reading them
//   audit/      events: recording, the statistics and the history built on them
//   clusters/   the last known state of each cluster, its RBAC rights, and findings of the sweep
//   grants/     the work queue of grants, their progress, and orders for credentials
//   people/     people, browser sessions, rate-limit buckets
//   requests/   submitting, locking, deciding and listing requests
//   generated/  Prisma's generated client
//
//   client.ts, raw-statements.ts, errors.ts                       connections, statements and their errors
//   listen.ts, schema-version.ts                                  notifications, and the schema that the code needs
//   transition.ts                                                 the only code that changes a status
//   records-in-sql.ts, signing.ts, gather-judgement.ts            signed records, and the facts of a judgement
//   idempotency.ts, workers.ts, changes.ts                        stored responses, heartbeats, changes for open pages
//   gather-attention.ts, gauges.ts                                current problems and figures, for pages and Prometheus
//   cursor.ts, ids.ts, json.ts                                    cursors of pages, new ids, values as JSON
//
// This file has the pool and the transactions. All statements go through it, except for the listening connection
// (listen.ts). Every wait is limited: a caller gets `unavailable` within two seconds if the database is down, or after
// the `connect_timeout` of DATABASE_URL, and after five if it hangs.

/** Milliseconds. A page with lists makes about ten statements of a few milliseconds each. */
const limits = {
  statement: 5_000,
  /** Shorter than `statement`, so that waiting for a row lock is distinguishable from a slow statement. */
  lock: 3_000,
  /** A transaction whose process has stopped must not keep its locks. */
  idleInTransaction: 10_000,
  /** The client's own limit, for a frozen server or a broken network; longer than the server's. */
  query: 6_000,
  transaction: 15_000,
}

/**
 * NB: Prisma's adapter reads every time as UTC and ignores the offset that PostgreSQL writes. In another session time
 * zone all times would be hours off.
 */
function inUtc(connectionString: string): string {
  const url = new URL(connectionString)
  const options = [url.searchParams.get('options'), '-c TimeZone=UTC'].filter(Boolean)
  url.searchParams.set('options', options.join(' '))
  return url.href
}

function connect(connectionString: string) {
  const pool = new pg.Pool({
    connectionString: inUtc(connectionString),
    application_name: 'postern',
    max: 10,
    keepAlive: true,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: env().databaseConnectTimeout,
    query_timeout: limits.query,
    statement_timeout: limits.statement,
    lock_timeout: limits.lock,
    idle_in_transaction_session_timeout: limits.idleInTransaction,
  })
  shared.posternPool = pool
  // A broken idle connection affects no caller: the pool drops it, and the next statement opens another.
  pool.on('error', () => {})
  lendToTransactions(pool)
  const adapterOptions = { disposeExternalPool: true, statementNameGenerator: nameOfStatement }
  const client = translateErrors(new PrismaClient({ adapter: new PrismaPg(pool, adapterOptions) }))
  return sendingRaw(client, () => pool)
}

/**
 * Prisma's adapter takes one connection from the pool for each transaction. Statements that don't go through Prisma need
 * the same one, but only until it is released: after a transaction that took too long it belongs to someone else.
 */
function lendToTransactions(pool: pg.Pool) {
  const connect = pool.connect.bind(pool) as (callback?: unknown) => Promise<pg.PoolClient>
  const connectForTransaction = async () => {
    const connection = await connect()
    const scope = scopes.getStore()
    if (scope?.connection !== 'none yet') return connection
    const release = connection.release
    scope.connection = connection
    connection.release = (error) => {
      scope.connection = 'released'
      release(error)
    }
    return connection
  }
  // With a callback it is one statement, outside of any transaction.
  pool.connect = ((callback?: unknown) =>
    callback ? connect(callback) : connectForTransaction()) as typeof pool.connect
}

export type Database = ReturnType<typeof connect>

/** The client inside a transaction. `db()` itself is accepted where a single statement is enough. */
export type Tx = Omit<Database, '$transaction' | '$connect' | '$disconnect' | '$extends' | '$on'>

type Scope = {
  /** Undefined until the transaction has begun. */
  tx: Tx | undefined
  connection: pg.PoolClient | 'none yet' | 'released'
  afterwards: Array<() => Promise<void>>
  settled: Array<(isCommitted: boolean) => void>
  recorded: string[]
}

/** @throws AppError `unavailable` after the transaction's time limit */
function connectionOf({ connection }: Scope): pg.PoolClient {
  if (connection === 'none yet') throw new Error('a transaction began without a connection of its own')
  if (connection === 'released') throw unavailable()
  return connection
}

// Next.js puts this module into several bundles of one process; they share the pool and the open transaction.
const shared = globalThis as typeof globalThis & {
  posternDatabase?: Database
  posternPool?: pg.Pool
  posternTransaction?: AsyncLocalStorage<Scope>
}
shared.posternTransaction ??= new AsyncLocalStorage<Scope>()
const scopes = shared.posternTransaction

/** The database client of this process. The first call opens the pool; importing this file opens nothing. */
export function db(): Database {
  shared.posternDatabase ??= connect(env().databaseUrl)
  return shared.posternDatabase
}

/** The connections of this process, busy and idle, and the number of callers waiting for one. */
export function poolCounts(): { busy: number; idle: number; waiting: number } {
  const { totalCount = 0, idleCount = 0, waitingCount = 0 } = shared.posternPool ?? {}
  return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount }
}

/** The client to read with: that of the current transaction, which sees its own writes, or else the pool. */
export const reads = (): Tx => scopes.getStore()?.tx ?? db()

/** Closes every connection at the end of the process or of a test file. */
export async function closeDatabase() {
  const open = shared.posternDatabase
  shared.posternDatabase = undefined
  await open?.$disconnect()
}

/**
 * Runs `fn` in one transaction (read committed): all its writes commit together, or none if it throws. Inside a running
 * transaction it joins that one, so that an operation and the stored response of its Idempotency-Key commit together.
 * @throws AppError `unavailable` when the database is unavailable, or a lock is not released in time
 */
export async function transaction<T>(fn: (tx: Tx) => Promise<T>): Promise<T> {
  const outer = scopes.getStore()
  if (outer?.tx) return fn(outer.tx)
  const scope: Scope = { tx: undefined, connection: 'none yet', afterwards: [], settled: [], recorded: [] }
  const { afterwards, settled, recorded } = scope
  let isCommitted = false
  const begun = (tx: Parameters<Parameters<Database['$transaction']>[0]>[0]) => {
    scope.tx = sendingRaw(tx, () => connectionOf(scope))
    return fn(scope.tx)
  }
  try {
    const result = await scopes.run(scope, () =>
      db().$transaction(begun, { maxWait: env().databaseConnectTimeout, timeout: limits.transaction }),
    )
    isCommitted = true
    for (const type of recorded) metrics().events.inc({ type })
    return result
  } catch (error) {
    // BEGIN and COMMIT are not operations of the client, so their errors are not translated yet.
    throw translateError(error)
  } finally {
    for (const step of settled) step(isCommitted)
    // NB: an error thrown here replaces the current one, on purpose: see afterTransaction().
    for (const step of afterwards) await step()
  }
}

/** Counts recorded events in the metrics: when the current transaction commits, or now without one. */
export function countRecorded(events: ReadonlyArray<{ type: string }>): void {
  const recorded = scopes.getStore()?.recorded
  for (const { type } of events) {
    if (recorded) recorded.push(type)
    else metrics().events.inc({ type })
  }
}

/**
 * Runs `step` after the current transaction has committed or rolled back, or at once without one. Errors of `step` go
 * to the caller of the transaction. It never takes a second connection while the transaction holds one: if all
 * connections were held that way, every caller would wait for the others forever.
 */
export async function afterTransaction(step: () => Promise<void>) {
  const outer = scopes.getStore()
  if (outer) outer.afterwards.push(step)
  else await step()
}

/**
 * Runs `step` as soon as the current transaction is over, with false if it was rolled back or no one knows. It must not throw.
 */
export function afterCommit(step: (isCommitted: boolean) => void): void {
  const scope = scopes.getStore()
  if (!scope) throw new Error('no transaction')
  scope.settled.push(step)
}
