#!/usr/bin/env node
// Offline stand-in for Prisma's native `schema-engine` binary (which the CLI would otherwise download).
// Same argv + JSON-RPC-over-stdio contract, backed by @prisma/schema-engine-wasm + @prisma/adapter-pg.
// Use: PRISMA_SCHEMA_ENGINE_BINARY=./prisma/schema-engine.mjs  (file must be executable)
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import readline from 'node:readline'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'
import { parse as parsePg } from 'pg-connection-string'

const log = (level, message, extra = {}) =>
  process.stderr.write(
    JSON.stringify({
      timestamp: new Date().toISOString(),
      level,
      fields: { message, ...extra },
      target: 'schema_engine::logger',
    }) + '\n',
  )
globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (m) => log('ERROR', m, { is_panic: true }) }
process.on('uncaughtException', (e) => {
  log('ERROR', String(e?.stack ?? e))
  process.exit(101)
})

const argv = process.argv.slice(2)
const opt = (name) => argv.flatMap((a, i) => (a === name ? [argv[i + 1]] : []))
const datasource = JSON.parse(opt('--datasource')[0] ?? '{}')
const datamodels = opt('--datamodels').map((f) => [f, fs.readFileSync(f, 'utf8')])

function loadWasm() {
  const js = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm')
  const bytes = fs.readFileSync(join(dirname(js), 'schema_engine_bg.wasm'))
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { './schema_engine_bg.js': glue })
  glue.__wbg_set_wasm(exports)
  exports.__wbindgen_start()
}

// ---- connections ------------------------------------------------------------------------------------
/** adapter-pg cannot decode the catalog type "char" (OID 18) that schema introspection reads:
 *  let it pass as text, remember the columns on the row array, and report them as Character. */
class CatalogClient extends pg.Client {
  query(...args) {
    const fix = (res) => {
      const chars = (res?.fields ?? []).flatMap((f, i) => (f.dataTypeID === 18 ? [i] : []))
      for (const i of chars) res.fields[i].dataTypeID = 25
      if (chars.length) res.rows.chars = chars
      return res
    }
    const cb = args.at(-1)
    if (typeof cb === 'function') return super.query(...args.slice(0, -1), (err, res) => cb(err, fix(res))) // pool.query
    const r = super.query(...args)
    return typeof r?.then === 'function' ? r.then(fix) : r
  }
}
/** Discrete fields, never `connectionString`: pg lets a connectionString override `database`, and a shadow
 *  database selected that way would be the real one. */
function config(url) {
  const u = new URL(url)
  const schema = u.searchParams.get('schema') ?? undefined
  for (const k of ['schema', 'connection_limit', 'pool_timeout', 'pgbouncer']) u.searchParams.delete(k)
  const c = parsePg(u.href)
  return { schema, pool: { ...c, port: c.port ? Number(c.port) : 5432, Client: CatalogClient, max: 4 } }
}
async function withClient(url, fn, database) {
  const { pool } = config(url)
  const c = new pg.Client(database ? { ...pool, database } : pool)
  try {
    await c.connect()
    return await fn(c)
  } finally {
    await c.end().catch(() => {})
  }
}
const dbName = (url) => config(url).pool.database
async function createDatabase(url) {
  await withClient(url, (c) => c.query(`CREATE DATABASE ${c.escapeIdentifier(dbName(url))}`), 'postgres')
  return { databaseName: dbName(url) }
}
function patch(adapter) {
  const queryRaw = adapter.queryRaw.bind(adapter)
  adapter.queryRaw = async (q) => {
    const r = await queryRaw(q)
    for (const i of r.rows.chars ?? []) r.columnTypes[i] = ColumnTypeEnum.Character
    return r
  }
  // adapter-pg splits scripts on ';', which breaks $$-quoted bodies: let PostgreSQL parse the whole script
  adapter.executeScript = async (sql) => {
    try {
      await adapter.client.query(sql)
    } catch (e) {
      adapter.onError(e)
    }
  }
  return adapter
}
/** Engine for one call; afterwards its pools are closed and its shadow databases dropped. */
async function withEngine(url, fn) {
  const { schema, pool } = config(url)
  const opened = [],
    shadows = []
  const open = async (p) => {
    const a = await new PrismaPg(p, { schema }).connect()
    opened.push(a.client)
    return patch(a)
  }
  const factory = new PrismaPg(pool, { schema })
  factory.connect = () => open(pool)
  factory.connectToShadowDb = async () => {
    if (datasource.shadowDatabaseUrl) {
      const a = await open(config(datasource.shadowDatabaseUrl).pool)
      await a.executeScript('DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public;')
      return a
    }
    const database = `prisma_migrate_shadow_db_${crypto.randomUUID()}`
    await withClient(url, (c) => c.query(`CREATE DATABASE "${database}"`), 'postgres')
    shadows.push(database)
    return open({ ...pool, database })
  }
  try {
    return await fn(
      await glue.SchemaEngine.new(
        { datamodels: datamodels.length ? datamodels : undefined },
        () => {},
        bindMigrationAwareSqlAdapterFactory(factory),
      ),
    )
  } finally {
    await Promise.all(opened.map((p) => p.end?.().catch(() => {})))
    for (const d of shadows)
      await withClient(url, (c) => c.query(`DROP DATABASE IF EXISTS "${d}" WITH (FORCE)`), 'postgres').catch((e) =>
        log('WARN', e.message),
      )
  }
}
const codeOf = (e) =>
  ({ '3D000': 'P1003', '28P01': 'P1000', 28000: 'P1010', ECONNREFUSED: 'P1001', ENOTFOUND: 'P1001', '42P04': 'P1009' })[
    e?.code
  ]

// ---- JSON-RPC ---------------------------------------------------------------------------------------
const send = (o) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...o }) + '\n')
/** The wasm engine opens a shadow database only in devDiagnostic/diff and otherwise reads its cache: warm it. */
const warmed = (method) => (p) =>
  withEngine(datasource.url, async (e) => {
    await e.devDiagnostic({ migrationsList: p.migrationsList, filters: p.filters })
    return e[method](p)
  })
const handlers = {
  evaluateDataLoss: warmed('evaluateDataLoss'),
  createMigration: warmed('createMigration'),
  getDatabaseVersion: (p) => withEngine(datasource.url, (e) => e.version(p ?? null)),
  createDatabase: (p) => createDatabase(p?.datasource?.url ?? datasource.url),
  ensureConnectionValidity: (p) => withClient(p?.datasource?.url ?? datasource.url, async () => ({})),
  dbExecute: (p) =>
    withClient(p?.datasourceType?.url ?? datasource.url, async (c) => {
      await c.query(p.script)
      return {}
    }),
  diff: (p) =>
    withEngine([p.from, p.to].find((t) => t?.tag === 'url')?.url ?? datasource.url, async (e) => {
      const r = await e.diff(p)
      if (r.stdout != null) send({ id: 'print-1', method: 'print', params: { content: r.stdout } })
      return { exitCode: r.exitCode, stdout: null }
    }),
}
async function serve() {
  loadWasm()
  let queue = Promise.resolve()
  const quit = () => queue.finally(() => process.exit(0))
  process.on('SIGTERM', quit) // the CLI kills us as soon as it has its answer: finish cleaning up first
  const rl = readline.createInterface({ input: process.stdin })
  rl.on('line', (line) => {
    const msg = line.trim() && JSON.parse(line)
    if (!msg?.method) return // the CLI's reply to our `print`
    queue = queue.then(async () => {
      try {
        const run = handlers[msg.method] ?? ((p) => withEngine(datasource.url, (e) => e[msg.method](p)))
        send({ id: msg.id, result: (await run(msg.params)) ?? {} })
      } catch (e) {
        const known = typeof e?.code === 'string' && /^P\d{4}$/.test(e.code) ? e.code : codeOf(e)
        send({
          id: msg.id,
          error: {
            code: 4466,
            message: 'An error happened. Check the data field for details.',
            data: { is_panic: false, message: e?.message || String(e), meta: e?.meta ?? null, error_code: known },
          },
        })
      }
    })
  })
  rl.on('close', quit)
}
async function cli(command) {
  log('INFO', 'starting') // the CLI ignores the first stderr line
  const { url } = datasource
  try {
    if (command === 'can-connect-to-database') await withClient(url, async () => {})
    else if (command === 'create-database') await createDatabase(url)
    else if (command === 'drop-database')
      await withClient(
        url,
        (c) => c.query(`DROP DATABASE IF EXISTS ${c.escapeIdentifier(dbName(url))} WITH (FORCE)`),
        'postgres',
      )
    else throw new Error(`unsupported command ${command}`)
  } catch (e) {
    log('ERROR', e.message || String(e.code), { is_panic: false, error_code: codeOf(e) ?? 'P1001' })
    process.exitCode = 1
  }
}
if (argv.includes('--version')) {
  loadWasm()
  console.log(`schema-engine-cli ${glue.version()}`)
} else if (argv.includes('cli')) await cli(argv[argv.indexOf('cli') + 1])
else await serve()
