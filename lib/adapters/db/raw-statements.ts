import pg from 'pg'
import { translateError } from './errors.ts'
import { Prisma } from './generated/client.ts'

// Statements in SQL go to `pg` directly. The generated client would send the same text over the same connections, after
// half a millisecond of processor time for each; that is more than most of them take in the database.

/** The pool, or the connection of a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>

type Raw = {
  $queryRaw<T = unknown>(query: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<T>
  $executeRaw(query: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number>
}

/** The number of prepared statements that each connection keeps; further ones are parsed at each call. */
const mostPrepared = 200
// Next.js puts this module into several bundles of one process, and they share the connections.
const shared = globalThis as typeof globalThis & { posternStatements?: Map<string, string> }
shared.posternStatements ??= new Map()
const prepared = shared.posternStatements

/** The name of a prepared statement; empty for one that is not kept. */
export function nameOfStatement({ sql }: { sql: string }): string {
  const known = prepared.get(sql)
  if (known !== undefined || prepared.size >= mostPrepared) return known ?? ''
  const name = `postern_${prepared.size}`
  prepared.set(sql, name)
  return name
}

const { INT8, TIMESTAMPTZ } = pg.types.builtins

/** As the generated client reads them. The session's time zone is UTC. */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  [INT8]: BigInt,
  [TIMESTAMPTZ]: (text) => new Date(text.replace(' ', 'T').replace(/\+00$/, 'Z')),
}
const types: pg.CustomTypesConfig = {
  getTypeParser: (type: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && parsers[type]) || pg.types.getTypeParser(type, format),
}

async function send(on: Queryable, query: TemplateStringsArray | Prisma.Sql, values: unknown[]) {
  const { text, values: parameters } = 'raw' in query ? Prisma.sql(query, ...values) : query
  try {
    return await on.query({ name: nameOfStatement({ sql: text }), text, values: parameters, types })
  } catch (error) {
    throw translateError(error)
  }
}

/** The same client, whose statements in SQL are sent by `pg`. `on` is asked at each statement where to. */
export function sendingRaw<Client extends object>(client: Client, on: () => Queryable): Omit<Client, keyof Raw> & Raw {
  const raw: Raw = {
    $queryRaw: async <T>(query: TemplateStringsArray | Prisma.Sql, ...values: unknown[]) =>
      (await send(on(), query, values)).rows as T,
    $executeRaw: async (query, ...values) => (await send(on(), query, values)).rowCount ?? 0,
  }
  return new Proxy(client, {
    get: (target, name) => (name in raw ? raw[name as keyof Raw] : Reflect.get(target, name)),
  }) as Omit<Client, keyof Raw> & Raw
}
