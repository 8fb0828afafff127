import { readFileSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { httpsGet } from '#local/programs/https-get'

// How many statements, waits for the disk and calls of the API server one cycle takes. These figures are the same on every
// machine. Cycles run one at a time for this, with the log of statements on, which slows them: their times are not used.

export type Calls = {
  /** Statements of Postern, by their beginning. */
  statements: ReadonlyMap<string, number>
  /** Commits that waited for the disk. */
  syncs: number
  /** Calls of the API server, by verb and resource. */
  api: ReadonlyMap<string, number>
}

export type Counted = { log: string; adminUrl: string; server: string; adminKubeconfig: string }

/** A backend reports its statistics at the latest after ten seconds without work. */
const reportMs = 11_000

const resources = ['serviceaccounts', 'roles', 'rolebindings', 'subjectaccessreviews', 'namespaces']

async function apiCalls({ server, adminKubeconfig }: Counted): Promise<Map<string, number>> {
  const { clusters, users } = JSON.parse(readFileSync(adminKubeconfig, 'utf8'))
  const ca = clusters[0].cluster['certificate-authority']
  const { 'client-certificate': cert, 'client-key': key } = users[0].user
  const { body } = await httpsGet(`${server}/metrics`, { ca, cert, key })
  const counts = new Map<string, number>()
  for (const [, labels = '', value] of body.matchAll(/^apiserver_request_total\{(.*)\} (\S+)$/gm)) {
    const label = (name: string) => labels.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1] ?? ''
    if (!resources.includes(label('resource')) || ['WATCH', 'LIST'].includes(label('verb'))) continue
    const what = `${label('verb')} ${label('resource')}${label('subresource') && `/${label('subresource')}`}`
    counts.set(what, (counts.get(what) ?? 0) + Number(value))
  }
  return counts
}

/** The beginning of a statement, without the prepared statement's name and with its events' bookkeeping left out. */
const beginningOf = (sql: string) => sql.replace(/\s+/g, ' ').trim().slice(0, 70)

function statementsIn(log: string): string[] {
  // Further lines of a statement begin with a tab.
  const lines = log.replaceAll('\n\t', ' ').split('\n')
  return lines.flatMap((line) => {
    const match = /^postern\|\d+ LOG: {2}(?:execute [^:]*|statement): (.*)$/.exec(line)
    return match?.[1] ? [beginningOf(match[1])] : []
  })
}

/** Counts what `cycles` calls of `cycle` add, per cycle. */
export async function countCalls(counted: Counted, cycles: number, cycle: () => Promise<unknown>): Promise<Calls> {
  const admin = new pg.Client({ connectionString: counted.adminUrl })
  await admin.connect()
  const syncs = async () => {
    await delay(reportMs)
    const { rows } = await admin.query<{ count: string }>(
      "SELECT sum(fsyncs) AS count FROM pg_stat_io WHERE object = 'wal' AND backend_type = 'client backend'",
    )
    return Number(rows[0]?.count ?? 0)
  }
  const logStatements = async (value: string) => {
    await admin.query(`ALTER SYSTEM SET log_statement = '${value}'`)
    await admin.query('SELECT pg_reload_conf()')
    await delay(500)
  }
  try {
    await admin.query("ALTER SYSTEM SET log_line_prefix = '%a|%p '")
    await logStatements('all')
    const [syncsBefore, callsBefore, logBefore] = [await syncs(), await apiCalls(counted), statSync(counted.log).size]
    for (let i = 0; i < cycles; i++) await cycle()
    const [logAfter, callsAfter] = [readFileSync(counted.log).subarray(logBefore).toString(), await apiCalls(counted)]
    await logStatements('none')
    const statements = new Map<string, number>()
    for (const one of statementsIn(logAfter)) statements.set(one, (statements.get(one) ?? 0) + 1 / cycles)
    const api = [...callsAfter].map(([what, count]) => [what, (count - (callsBefore.get(what) ?? 0)) / cycles] as const)
    return {
      statements,
      syncs: ((await syncs()) - syncsBefore) / cycles,
      api: new Map(api.filter(([, count]) => count > 0)),
    }
  } finally {
    await admin.end()
  }
}

export const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0)
