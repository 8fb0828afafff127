import 'server-only'
import { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { env } from '#lib/env'
import { metrics } from '#lib/observability/metrics'
import { translateError, translateErrors } from './errors.ts'
import { PrismaClient } from './generated/client.ts'

// The only door to PostgreSQL, besides the connection that listens (listen.ts). Every wait has an end: a caller is told
// "unavailable" within two seconds when the database is away, and after five when it is stuck.

/** Milliseconds. A page that shows lists makes about ten statements of a few milliseconds each. */
const limits = {
  connect: 1_500,
  statement: 5_000,
  /** Shorter than `statement`, so that waiting for another approver's row lock is told apart from a slow statement. */
  lock: 3_000,
  /** A transaction whose process was stopped half-way must not keep its locks. */
  idleInTransaction: 10_000,
  /** The client's own limit, for a server that is frozen or behind a cable that was cut: longer than the server's. */
  query: 6_000,
  transaction: 15_000,
}

/** Statements of different text that each connection keeps parsed and planned; more are parsed anew at each call. */
const mostPrepared = 200
const prepared = new Map<string, string>()

/** The name under which a statement is kept by the connections that ran it; empty where it is not to be kept. */
function nameOfStatement({ sql }: { sql: string }): string {
  const known = prepared.get(sql)
  if (known !== undefined || prepared.size >= mostPrepared) return known ?? ''
  const name = `postern_${prepared.size}`
  prepared.set(sql, name)
  return name
}

/**
 * NB: Prisma's adapter takes every time for one of UTC and drops the offset that PostgreSQL writes in a time zone of its
 * own, so that each would be hours off.
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
    connectionTimeoutMillis: limits.connect,
    query_timeout: limits.query,
    statement_timeout: limits.statement,
    lock_timeout: limits.lock,
    idle_in_transaction_session_timeout: limits.idleInTransaction,
  })
  shared.posternPool = pool
  // An idle connection that breaks is no error of anybody's: the pool drops it, and the next statement opens another.
  pool.on('error', () => {})
  const adapterOptions = { disposeExternalPool: true, statementNameGenerator: nameOfStatement }
  return translateErrors(new PrismaClient({ adapter: new PrismaPg(pool, adapterOptions) }))
}

export type Database = ReturnType<typeof connect>

/** What runs inside one transaction; also accepts `db()` itself where a single statement is enough. */
export type Tx = Omit<Database, '$transaction' | '$connect' | '$disconnect' | '$extends' | '$on'>

type Scope = { tx: Tx; afterwards: Array<() => Promise<void>>; recorded: string[] }

// Next puts this module into several bundles of one process; they share the pool and the open transaction.
const shared = globalThis as typeof globalThis & {
  posternDatabase?: Database
  posternPool?: pg.Pool
  posternTransaction?: AsyncLocalStorage<Scope>
}
shared.posternTransaction ??= new AsyncLocalStorage<Scope>()
const scopes = shared.posternTransaction

/** The database of this process. The first call opens the pool; importing this file opens nothing. */
export function db(): Database {
  shared.posternDatabase ??= connect(env().databaseUrl)
  return shared.posternDatabase
}

/** Connections of this process: busy and idle ones, and how many callers wait for one. */
export function poolCounts(): { busy: number; idle: number; waiting: number } {
  const { totalCount = 0, idleCount = 0, waitingCount = 0 } = shared.posternPool ?? {}
  return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount }
}

/** Where to read: inside the transaction that is under way, so that it sees what it wrote; else from the pool. */
export const reads = (): Tx => scopes.getStore()?.tx ?? db()

/** Ends every connection, at the end of the process or of a test file. */
export async function closeDatabase() {
  const open = shared.posternDatabase
  shared.posternDatabase = undefined
  await open?.$disconnect()
}

/**
 * Runs `fn` in one transaction (read committed): everything it writes commits together, or nothing does when it throws.
 * Called inside a running transaction it joins that one, so that an operation and whatever is wrapped around it (the
 * answer kept for an Idempotency-Key) commit together.
 * @throws AppError `unavailable` when the database is away, or a lock could not be had in time
 */
export async function transaction<T>(fn: (tx: Tx) => Promise<T>): Promise<T> {
  const outer = scopes.getStore()
  if (outer) return fn(outer.tx)
  const afterwards: Scope['afterwards'] = []
  const recorded: string[] = []
  try {
    const result = await db().$transaction((tx) => scopes.run({ tx, afterwards, recorded }, () => fn(tx)), {
      maxWait: limits.connect,
      timeout: limits.transaction,
    })
    for (const type of recorded) metrics().events.inc({ type })
    return result
  } catch (error) {
    // Beginning and committing are not operations of the client, so their failures come here untranslated.
    throw translateError(error)
  } finally {
    // NB: a throw in here replaces the error that is under way. That is meant: see afterTransaction().
    for (const step of afterwards) await step()
  }
}

/** Counts facts that were written: with the commit of the transaction that is under way, or now where there is none. */
export function countRecorded(events: ReadonlyArray<{ type: string }>): void {
  const recorded = scopes.getStore()?.recorded
  for (const { type } of events) {
    if (recorded) recorded.push(type)
    else metrics().events.inc({ type })
  }
}

/**
 * Runs `step` once the transaction that is under way is over, however it ended, in none or one of its own; at once when
 * there is none. What `step` throws, the caller of the transaction gets. Never opens a second connection while the first
 * is held: with all connections held that way, everybody would wait for everybody.
 */
export async function afterTransaction(step: () => Promise<void>) {
  const outer = scopes.getStore()
  if (outer) outer.afterwards.push(step)
  else await step()
}
