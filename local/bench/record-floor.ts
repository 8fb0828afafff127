import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { type Floor, type FloorStep, type FloorTarget, type Save, type SqlPool, startFloor } from './floor.ts'

// The record floor: the floor that also writes what Postern writes, and is called as Postern is. A bare script with plain SQL;
// no product code. From the floor to the record floor is what the promises cost, and from there to Postern what can be saved.

type Row = Record<string, unknown>
/** The rows of one cycle of Postern. */
type Cycle = { request: Row; grant: Row; objects: Row[]; credential: Row; events: Row[] }

const schema = 'bench_record'
const tables = ['requests', 'grants', 'grant_objects', 'credentials', 'audit_events']

/** The tables of Postern once more, with the same columns, checks and indexes, but without rows and triggers. */
async function copyTables(owner: pg.Client) {
  await owner.query(`CREATE SCHEMA ${schema}; GRANT USAGE ON SCHEMA ${schema} TO postern_app`)
  for (const table of tables) {
    // A default would take its numbers from Postern's own sequence.
    const but = table === 'audit_events' ? 'EXCLUDING DEFAULTS' : ''
    await owner.query(`CREATE TABLE ${schema}.${table} (LIKE ${table} INCLUDING ALL ${but})`)
  }
  await owner.query(`ALTER TABLE ${schema}.audit_events ALTER seq ADD GENERATED ALWAYS AS IDENTITY,
    ALTER at SET DEFAULT clock_timestamp()`)
  await owner.query(`GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ${schema} TO postern_app`)
}

/** The rows of the newest grant that has ended and had a credential. */
async function readCycle(owner: pg.Client): Promise<Cycle> {
  const read = async (sql: string, id: unknown) => {
    const { rows } = await owner.query<{ row: Row }>(`SELECT to_jsonb(t) AS row FROM ${sql}`, [id])
    return rows.map(({ row }) => row)
  }
  const { rows } = await owner.query<{ id: string; request: string }>(
    `SELECT g.id, g.request_id AS request FROM grants g JOIN credentials c ON c.grant_id = g.id
     WHERE g.status = 'ended' ORDER BY g.created_at DESC LIMIT 1`,
  )
  const [ended] = rows
  if (!ended) throw new Error('no cycle of Postern has ended yet')
  const [[grant], [request], [credential]] = [
    await read('grants t WHERE id = $1', ended.id),
    await read('requests t WHERE id = $1', ended.request),
    await read('credentials t WHERE grant_id = $1', ended.id),
  ]
  if (!grant || !request || !credential) throw new Error('a row of the cycle is missing')
  const objects = await read('grant_objects t WHERE grant_id = $1', ended.id)
  const events = await read('audit_events t WHERE request_id = $1 ORDER BY seq', ended.request)
  return { request, grant, objects, credential, events }
}

const stepOf: Record<string, FloorStep> = {
  'grant.object-created': 'active',
  'grant.active': 'active',
  'credential.requested': 'requested',
  'credential.issued': 'issued',
  'grant.ending': 'ending',
  'grant.object-deleted': 'ended',
  'grant.ended': 'ended',
}

/** What comes later is not in the row yet. */
const pending = {
  ...{ status: 'pending', activated_at: null, expires_at: null, ending_at: null, ended_by: null, ended_by_name: null },
  ...{ ended_at: null, allowed_probes: null, denied_probes: null, signature: null, end_signature: null },
}
const notCreated = { uid: null, fingerprint: null, created_at: null, removed_at: null }

/** One statement for each step, as Postern has. `$1` are its events, `$2` its other rows. */
function statementsFor(columns: string): Record<FloorStep, string> {
  const events = `INSERT INTO ${schema}.audit_events (${columns})
    SELECT ${columns} FROM jsonb_populate_recordset(NULL::${schema}.audit_events, $1::jsonb)`
  const row = (table: string, path: string) => `INSERT INTO ${schema}.${table}
    SELECT * FROM jsonb_populate_record(NULL::${schema}.${table}, $2::jsonb->'${path}')`
  const grant = `(SELECT * FROM jsonb_populate_record(NULL::${schema}.grants, $2::jsonb->'grant')) n WHERE g.id = n.id`
  const objects = `jsonb_populate_recordset(NULL::${schema}.grant_objects, $2::jsonb->'objects')`
  const sameObject = '(o.cluster, o.kind, o.namespace, o.name) = (n.cluster, n.kind, n.namespace, n.name)'
  return {
    approved: `WITH e AS (${events}), r AS (${row('requests', 'request')}), g AS (${row('grants', 'grant')})
      INSERT INTO ${schema}.grant_objects SELECT * FROM ${objects}`,
    active: `WITH e AS (${events}), o AS (UPDATE ${schema}.grant_objects o SET uid = n.uid, fingerprint = n.fingerprint,
        created_at = n.created_at FROM ${objects} n WHERE ${sameObject})
      UPDATE ${schema}.grants g SET status = 'active', activated_at = n.activated_at, expires_at = n.expires_at,
        allowed_probes = n.allowed_probes, signature = n.signature, next_attempt_at = n.expires_at FROM ${grant}`,
    requested: `WITH n AS (SELECT $2::jsonb) ${events}`,
    issued: `WITH e AS (${events}) ${row('credentials', 'credential')}`,
    ending: `WITH e AS (${events}) UPDATE ${schema}.grants g SET status = 'ending', ending_at = n.ending_at,
      ended_by = n.ended_by, ended_by_name = n.ended_by_name, next_attempt_at = n.ending_at FROM ${grant}`,
    ended: `WITH e AS (${events}), o AS (UPDATE ${schema}.grant_objects o SET removed_at = clock_timestamp()
        FROM ${objects} n WHERE ${sameObject})
      UPDATE ${schema}.grants g SET status = 'ended', ended_at = n.ended_at, denied_probes = n.denied_probes,
        end_signature = n.end_signature, next_attempt_at = NULL FROM ${grant}`,
  }
}

/** The rows of another cycle: with ids, names and uids of their own. */
function anotherCycle({ request, grant, objects, credential, events }: Cycle, id: string): Cycle {
  const short = (text: unknown) => String(text).slice(4)
  let text = JSON.stringify({ request, grant, objects, credential, events })
  for (const old of [request.id, grant.id, credential.id]) {
    const fresh = createHash('sha256').update(`${id} ${old}`).digest('hex').slice(0, short(old).length)
    text = text.replaceAll(short(old), fresh)
  }
  const cycle = JSON.parse(text) as Cycle
  for (const event of cycle.events) event.id = `evt_${randomBytes(13).toString('hex')}`
  cycle.credential.jti = randomBytes(16).toString('hex')
  for (const object of cycle.objects) object.uid = randomBytes(16).toString('hex')
  return cycle
}

/** Calls that are authenticated: of the requester, for the request, the credential and the release. */
const overHttp: ReadonlySet<FloorStep> = new Set<FloorStep>(['approved', 'requested', 'ending'])

/**
 * @param ownerUrl the database as its owner, to create the record floor's own tables
 * @param token a bearer token, as the callers of Postern send; like Postern, the floor knows it after it has seen it once
 */
export async function startRecordFloor(
  target: FloorTarget,
  ownerUrl: string,
  connections: number,
  token: string,
): Promise<Floor> {
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  await copyTables(owner)
  const template = await readCycle(owner)
  await owner.end()
  const columns = Object.keys(template.events[0] ?? {}).filter((column) => column !== 'seq' && column !== 'at')
  const statements = statementsFor(columns.join(', '))
  const cycles = new Map<string, Cycle>()
  const cycleOf = (id: string) => {
    const cycle = cycles.get(id) ?? anotherCycle(template, id)
    cycles.set(id, cycle)
    return cycle
  }
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const saveWith = (pool: SqlPool): Save => {
    const write: Save = async (step, id) => {
      const { events, request, grant, objects, credential } = cycleOf(id)
      const ownEvents = events.filter(({ type }) => (stepOf[`${type}`] ?? 'approved') === step)
      const rows = {
        approved: {
          ...{ request, grant: { ...grant, ...pending, next_attempt_at: grant.created_at } },
          objects: objects.map((object) => ({ ...object, ...notCreated })),
        },
        ...{ active: { grant, objects }, requested: {}, issued: { credential } },
        ...{ ending: { grant }, ended: { grant, objects } },
      }[step]
      if (step === 'ended') cycles.delete(id)
      await pool.query({
        name: step,
        text: statements[step],
        values: [JSON.stringify(ownEvents), JSON.stringify(rows)],
      })
    }
    const known = createHash('sha256').update(token).digest('hex')
    server.on('request', async (call: IncomingMessage, response: ServerResponse) => {
      let body = ''
      for await (const chunk of call) body += chunk
      const [, sent = ''] = (call.headers.authorization ?? '').split(' ')
      const isKnown = createHash('sha256').update(sent).digest('hex') === known
      const { step, id } = JSON.parse(body)
      // Who the caller is now is read for each call.
      const text = 'SELECT * FROM people WHERE id = $1'
      const { rows } = await pool.query({ name: 'person', text, values: [template.request.requester_id] })
      if (!isKnown || rows.length === 0) return response.writeHead(401).end()
      try {
        await write(step, id)
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id, step }))
      } catch (error) {
        response.writeHead(500).end(`${error}`)
      }
    })
    const call: Save = async (step, id) => {
      const text = JSON.stringify({ step, id, reason: 'to measure how fast this is' })
      const headers = { authorization: `Bearer ${token}`, 'content-length': Buffer.byteLength(text) }
      const sent = request({ host: '127.0.0.1', port, method: 'POST', agent, headers }).end(text)
      const [response] = await once(sent, 'response')
      let answer = ''
      for await (const chunk of response) answer += chunk
      if (response.statusCode !== 200) throw new Error(`${step}: ${response.statusCode} ${answer}`)
    }
    return (step, id) => (overHttp.has(step) ? call(step, id) : write(step, id))
  }
  const floor = await startFloor(target, ownerUrl, connections, saveWith)
  return {
    ...floor,
    close: async () => {
      agent.destroy()
      server.close()
      await floor.close()
    },
  }
}
