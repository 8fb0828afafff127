import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { anyLocalPort, startIdentityProvider } from '#local/parts/identity-provider'
import { makeTemplate } from '#local/parts/parts'
import { startPostern } from '#local/parts/postern'
import { startPostgres } from '#local/parts/postgres'
import { bearerToken, sessionCookie } from '#local/parts/sign-in'
import { freePort } from '#local/processes/ports'
import type { Run } from '#local/processes/processes'
import { letDatabaseUserPass } from '#local/processes/system-user'
import { percentile } from './statistics.ts'

// How much slower is the history page with millions of events than with ten thousand? Two databases that differ in the
// number of events, read in turn by an auditor, by an engineer with many events, and by someone who joined today.

const fewEvents = 10_000
const readers = { auditor: 'auditor', engineer: 'mina', newcomer: 'noor' } as const
type Reader = keyof typeof readers

/** The page's filters, as its address has them. */
const filters = (now: Date): Record<string, string> => {
  const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString()
  return {
    none: '',
    'a cluster': 'cluster=cluster-3',
    'a namespace': 'namespace=team-7',
    'a frequent type': 'type=credential.requested',
    'a rare type': 'type=request.withdrawn',
    'a person': 'actor=person-77%40example.com',
    'a week of last year': `from=${daysAgo(500)}&to=${daysAgo(493)}`,
    'until last year': `to=${daysAgo(400)}`,
    'a cluster and a namespace since last year': `cluster=cluster-3&namespace=team-7&from=${daysAgo(400)}`,
  }
}

/** Events of three years by 500 people in 12 clusters and 200 namespaces; `engineer` has one in 500. */
const insertEvents = `
  INSERT INTO audit_events (id, at, type, actor_kind, actor_id, actor_issuer, actor_subject, actor_name, actor_email, via,
    client_address, reference, request_id, grant_id, about_id, cluster, namespaces, policy_hash, data)
  SELECT 'evt_' || lpad(n::text, 26, '0'), now() - interval '1095 days' * (1 - n / $1::float8) - interval '1 minute',
    CASE WHEN n % 5000 = 0 THEN 'request.withdrawn' WHEN n % 3 = 0 THEN 'credential.requested' ELSE 'request.lapsed' END, 'person',
    CASE WHEN p = 0 THEN $2 ELSE 'per_' || lpad(p::text, 26, '0') END, 'https://login.example.com', 'subject-' || p, 'Person ' || p,
    'person-' || p || '@example.com', 'browser', '10.0.0.1', 'ref-' || n, 'req_' || lpad((n / 14)::text, 26, '0'),
    'gra_' || lpad((n / 14)::text, 26, '0'),
    CASE WHEN p = 0 THEN $2 ELSE 'per_' || lpad(p::text, 26, '0') END,
    'cluster-' || n / 14 % 12, ARRAY['team-' || n / 14 % 200], repeat('a', 64), '{}'
  FROM generate_series(1, $1::bigint) AS n, LATERAL (SELECT n / 14 % 500 AS p) AS by`

/** As the worker counts them. */
const countPast = (span: 'hour' | 'day') => `
  INSERT INTO audit_counts (span, start, cluster, type, count)
  SELECT '${span}', date_trunc('${span}', at), cluster, type, count(*) FROM audit_events
  WHERE at < date_trunc('${span}', now() - interval '2 minutes') AND cluster IS NOT NULL GROUP BY 2, 3, 4`

/** Inserts without the indexes, which are built afterwards, and without the notices that events write. */
async function fill(ownerUrl: string, count: number, engineerId: string) {
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  try {
    await owner.query("SET maintenance_work_mem = '1GB'")
    const { rows } = await owner.query<{ indexdef: string; indexname: string }>(
      `SELECT indexdef, indexname FROM pg_indexes WHERE tablename = 'audit_events' AND indexname <> 'audit_events_pkey'`,
    )
    for (const { indexname } of rows) await owner.query(`DROP INDEX ${pg.escapeIdentifier(indexname)}`)
    await owner.query('ALTER TABLE audit_events DISABLE TRIGGER audit_events_tell')
    await owner.query(insertEvents, [count, engineerId])
    for (const { indexdef } of rows) await owner.query(indexdef)
    for (const span of ['hour', 'day'] as const) await owner.query(countPast(span))
    await owner.query('VACUUM ANALYZE audit_events')
    await owner.query('VACUUM ANALYZE audit_counts')
  } finally {
    await owner.end()
  }
}

type Site = { page: (reader: Reader, query: string) => Promise<number> }

export type HistoryFigures = {
  events: number
  rows: { reader: Reader; filter: string; fewMs: number; manyMs: number; discarded: number }[]
}

/**
 * @param events how many the large history has
 * @param configuration the text of postern.yaml for this address and provider
 */
export async function measureHistory(
  run: Run,
  events: number,
  rounds: number,
  configuration: (at: { url: string; issuer: string; clientId: string; audience: string }) => string,
  say: (line: string) => void,
): Promise<HistoryFigures> {
  const directory = join(run.directory, 'history')
  mkdirSync(directory, { recursive: true })
  letDatabaseUserPass(directory)
  const provider = await startIdentityProvider({
    redirectUris: anyLocalPort('/api/auth/callback/oidc'),
    postLogoutRedirectUris: anyLocalPort('/signed-out'),
  })
  const { issuer, clientId, clientSecret, audience } = provider
  provider.addPerson(readers.newcomer, { name: 'Noor', email: 'noor@example.com', groups: ['payments-dev'] })
  provider.addPerson(readers.auditor, { name: 'Ada', email: 'ada@example.com', groups: ['security-audit'] })
  const start = async (name: 'few' | 'many', count: number) => {
    const postgres = await startPostgres(run, {
      ...{ directory: join(directory, name), durable: false, name: `postgres-${name}` },
      settings: ['shared_preload_libraries=auto_explain', 'auto_explain.log_analyze=on', 'max_wal_size=8GB'],
    })
    await makeTemplate(postgres)
    const port = await freePort()
    const url = `http://localhost:${port}`
    const posternDirectory = join(directory, `postern-${name}`)
    mkdirSync(posternDirectory)
    await startPostern(run, {
      ...{ port, name: `postern-${name}`, directory: posternDirectory, role: 'web' as const },
      ...{
        databaseUrl: postgres.appUrl,
        clientSecret,
        configuration: configuration({ url, issuer, clientId, audience }),
      },
    })
    const source = { issuer, clientId, clientSecret, redirectUri: `${url}/api/auth/callback/oidc` }
    const me = await fetch(`${url}/api/v1/me`, {
      headers: { authorization: `Bearer ${await bearerToken(source, readers.engineer)}` },
    })
    const { id } = (await me.json()) as { id: string }
    say(`filling a history of ${count} events`)
    await fill(postgres.ownerUrl, count, id)
    const cookies = new Map<Reader, string>()
    for (const reader of Object.keys(readers) as Reader[])
      cookies.set(reader, await sessionCookie(url, readers[reader]))
    const page = async (reader: Reader, query: string) => {
      const began = performance.now()
      const response = await fetch(`${url}/history?${query}`, { headers: { cookie: cookies.get(reader) ?? '' } })
      const text = await response.text()
      if (response.status !== 200) throw new Error(`/history?${query} for the ${reader}: ${response.status}`)
      if (/could not be counted/.test(text)) say(`no histogram for the ${reader} with ${query || 'no filter'}`)
      return performance.now() - began
    }
    return { page, adminUrl: postgres.adminUrl, log: join(run.logs, `postgres-${name}.log`) }
  }
  try {
    const few = await start('few', fewEvents)
    const many = await start('many', events)
    const all = Object.keys(readers).flatMap((reader) =>
      Object.entries(filters(new Date())).map(([filter, query]) => ({ reader: reader as Reader, filter, query })),
    )
    const time = async (site: Site, { reader, query }: (typeof all)[number]) => site.page(reader, query)
    const rows: HistoryFigures['rows'] = []
    for (const one of all) {
      const times = { few: [] as number[], many: [] as number[] }
      for (let i = 0; i < 3; i++) for (const site of [few, many]) await time(site, one)
      for (let i = 0; i < rounds; i++) {
        times.few.push(await time(few, one))
        times.many.push(await time(many, one))
      }
      const discarded = await mostDiscarded(many, () => time(many, one))
      const [fewMs, manyMs] = [percentile(times.few, 95), percentile(times.many, 95)]
      rows.push({ reader: one.reader, filter: one.filter, fewMs, manyMs, discarded })
      say(`${one.reader}, ${one.filter}: ${fewMs.toFixed(0)} and ${manyMs.toFixed(0)} ms, ${discarded} rows discarded`)
    }
    return { events, rows }
  } finally {
    await provider.stop()
  }
}

/** The most rows that one step of a query read and did not use, according to PostgreSQL's own plans. */
async function mostDiscarded(at: { adminUrl: string; log: string }, read: () => Promise<unknown>): Promise<number> {
  const admin = new pg.Client({ connectionString: at.adminUrl })
  await admin.connect()
  const set = async (ms: number) => {
    await admin.query(`ALTER SYSTEM SET auto_explain.log_min_duration = ${ms}`)
    await admin.query('SELECT pg_reload_conf()')
  }
  try {
    const before = readFileSync(at.log).length
    await set(0)
    await read()
    await set(-1)
    const plans = readFileSync(at.log).subarray(before).toString()
    const counts = [...plans.matchAll(/Rows Removed by [A-Za-z ]+: (\d+)/g)].map(([, count]) => Number(count))
    return Math.max(0, ...counts)
  } finally {
    await admin.end()
  }
}

export function historyRows({ events, rows }: HistoryFigures): string[] {
  return rows.map(({ reader, filter, fewMs, manyMs, discarded }) => {
    const ratio = manyMs / fewMs
    const isMet = ratio <= 2 && discarded <= 500
    return `| History of ${events} and ${fewEvents} events for the ${reader}, ${filter}: p95; rows discarded by one step | ${manyMs.toFixed(0)} and ${fewMs.toFixed(0)} ms, ${ratio.toFixed(2)} ×; ${discarded} | ≤ 2 ×; ≤ 500 | ${isMet ? 'yes' : 'no'} |`
  })
}
