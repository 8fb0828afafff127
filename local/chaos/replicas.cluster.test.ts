import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { startIdentityProvider } from '#local/parts/identity-provider'
import { type Postern, startPostern } from '#local/parts/postern'
import { ensureProductionBuild } from '#local/parts/production-build'
import { bearerToken } from '#local/parts/sign-in'
import { freePorts } from '#local/processes/ports'
import { openRun } from '#local/processes/processes'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { testDatabase, testParts } from '#testing/database'
import { withPatience } from '#testing/patience'
import { until } from '#testing/until'
import { isLong, recordFigure } from './figures.ts'
import { seed, seeded } from './random.ts'
import { tally } from './tally.ts'

// Complete production replicas share one database, and people make conflicting calls to different replicas at once.

const replicaCount = isLong ? 3 : 2
const operations = isLong ? 10_000 : 240
const lanes = 8
/** Casts of the same four people: each person is limited to 300 refused attempts, and of two conflicting calls one is refused. */
const castCount = Math.ceil(operations / 500)
const castings = { mina: 'payments-dev', priya: 'payments-leads', sam: 'payments-leads', ola: 'platform-admins' }
type Name = keyof typeof castings
/** Their bearer tokens. */
type Cast = Record<Name, string>

const database = await testDatabase()
const { kubernetes } = testParts()
const run = await openRun({ name: 'replicas' })
const replicas: Postern[] = []
const casts: Cast[] = []
const ports = await freePorts(replicaCount)
const publicUrl = `http://localhost:${ports[0]}`
const redirectUri = `${publicUrl}/api/auth/callback/oidc`
const identity = await startIdentityProvider({ redirectUris: [redirectUri], postLogoutRedirectUris: [] })
afterAll(async () => {
  await run.stop()
  await identity.stop()
  await database.drop()
})

beforeAll(async () => {
  process.stderr.write(`replicas: seed ${seed} (POSTERN_CHAOS_SEED=${seed} repeats it)\n`)
  await ensureProductionBuild(() => {})
  const { issuer, clientId, audience, clientSecret } = identity
  const configuration = stringify(
    aConfiguration({
      publicUrl,
      identity: { issuer, clientId, apiAudience: audience, groupsClaim: 'groups' },
      clusters: [
        { name: 'prod-eu', kubeconfig: { file: kubernetes.posternKubeconfig }, publicServer: kubernetes.server },
      ],
      entitlements: [anEntitlementDocument({ reason: {} })],
    }),
  )
  const sessionSecret = 'one-session-secret-for-all-replicas-0123456789abcdef'
  const signingKey = 'one-signing-key-for-all-replicas-0123456789abcdef'
  for (const [index, port] of ports.entries()) {
    const directory = join(run.directory, `replica-${index}`)
    mkdirSync(directory)
    const databaseUrl = withPatience(database.appUrl)
    const secrets = { clientSecret, sessionSecret, signingKey }
    replicas.push(
      await startPostern(run, { port, directory, name: `replica-${index}`, configuration, databaseUrl, ...secrets }),
    )
  }
  const tokenOf = (name: Name, number: number) => {
    const key = `${name}-${number}`
    identity.addPerson(key, { name: key, email: `${key}@example.com`, groups: [castings[name]] })
    return bearerToken({ ...identity, redirectUri }, key)
  }
  for (let number = 0; number < castCount; number++) {
    const tokens = await Promise.all(
      (Object.keys(castings) as Name[]).map(async (name) => [name, await tokenOf(name, number)]),
    )
    casts.push(Object.fromEntries(tokens))
  }
}, 240_000)

let done = 0
const unexpected: string[] = []
const random = seeded(2)
const anyOf = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
/** Replicas that receive calls; one is stopped during the test. */
let serving = ports.map((port) => `http://127.0.0.1:${port}`)

/** The calls that each replica has not answered yet. */
const inProgress = new Map<string, Set<Promise<unknown>>>()

type Answer = {
  status: number
  body: { id?: string; digest?: string; status?: string; grant?: { id: string; status: string } }
}

async function send(url: string, init: RequestInit): Promise<{ status: number; text: string }> {
  const answering = fetch(url, { ...init, signal: AbortSignal.timeout(60_000) }).then(async (answer) => ({
    status: answer.status,
    text: await answer.text(),
  }))
  const { origin } = new URL(url)
  const calls = inProgress.get(origin) ?? new Set()
  inProgress.set(origin, calls.add(answering))
  return answering.finally(() => calls.delete(answering))
}

async function call(token: string, path: string, body?: unknown): Promise<Answer> {
  done += 1
  const init = {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  }
  let answer = { status: 503, text: '' }
  // A busy machine may answer that the database takes too long: then the same call is made again, under the same key.
  await until(`${path} is answered`, async () => {
    answer = await send(`${anyOf(serving)}/api/v1${path}`, init)
    return answer.status !== 503
  })
  const { status, text } = answer
  // A conflict means that another caller was first. Anything else fails the test at the end.
  if (![200, 201, 409].includes(status)) unexpected.push(`${path}: ${status} ${text.slice(0, 200)}`)
  return { status, body: text ? JSON.parse(text) : {} }
}
const successes = (answers: readonly Answer[]) => answers.filter(({ status }) => status < 300).length

/** Two conflicting calls at the same moment; one of them is too late. */
const clashes = {
  'decide twice': (by: Cast, id: string, digest: string) => [
    call(by.priya, `/requests/${id}/decisions`, { decision: 'approve', digest }),
    call(by.priya, `/requests/${id}/decisions`, { decision: 'approve', digest }),
  ],
  'approve against deny': (by: Cast, id: string, digest: string) => [
    call(by.priya, `/requests/${id}/decisions`, { decision: 'approve', digest }),
    call(by.sam, `/requests/${id}/decisions`, { decision: 'deny', digest }),
  ],
  'approve against withdraw': (by: Cast, id: string, digest: string) => [
    call(by.sam, `/requests/${id}/decisions`, { decision: 'approve', digest }),
    call(by.mina, `/requests/${id}/withdraw`, {}),
  ],
}
const endings = ['revoke against release', 'revoke against expiry', 'revoke twice'] as const

const submission = {
  ...{ entitlement: 'payments-restart', cluster: 'prod-eu', namespaces: ['payments'] },
  ...{ reason: 'to test that nothing happens twice', duration: 'PT30M' },
}
const grantOf = async (requestId: string) => {
  const [row] = await database.asOwner<{ id: string; status: string }>(
    'SELECT id, status FROM grants WHERE request_id = $1',
    [requestId],
  )
  return row
}

const counts: Record<string, number> = {}
const doubles: string[] = []

/** One request from its submission to the end of its access, with conflicting calls at each step. */
async function life() {
  const by = anyOf(casts)
  const { body } = await call(by.mina, '/requests', submission)
  const { id = '', digest = '' } = body
  const [clash, together] = anyOf(Object.entries(clashes))
  counts[clash] = (counts[clash] ?? 0) + 1
  const won = successes(await Promise.all(together(by, id, digest)))
  if (won !== 1) doubles.push(`${id}: ${clash}: ${won} succeeded`)
  const grant = await grantOf(id)
  if (!grant) return
  const ending = anyOf(endings)
  counts[ending] = (counts[ending] ?? 0) + 1
  // Half of the grants are ended while they are still pending.
  if (random() < 0.5) await until(`${grant.id} active`, async () => (await grantOf(id))?.status !== 'pending', 60_000)
  const revoke = () => call(by.ola, `/grants/${grant.id}/revoke`, { reason: 'it is no longer needed' })
  if (ending === 'revoke against expiry') {
    // Only an active grant can expire.
    const expiry = database.asOwner(
      `UPDATE grants SET expires_at = now(), next_attempt_at = now() WHERE id = $1 AND status = 'active'`,
      [grant.id],
    )
    await Promise.all([expiry, revoke()])
  } else {
    const other = ending === 'revoke twice' ? revoke() : call(by.mina, `/grants/${grant.id}/release`, {})
    const ended = successes(await Promise.all([revoke(), other]))
    if (ended !== 1) doubles.push(`${grant.id}: ${ending}: ${ended} succeeded`)
  }
}

test('several replicas do nothing twice and make no invalid transition, and one that shuts down hands over its work', async () => {
  let shutdown: Promise<void> | undefined
  let stillLeased = -1
  const lives = Array.from({ length: lanes }, async () => {
    while (done < operations) {
      await life()
      if (shutdown || done < operations / 2) continue
      const replica = replicas.at(-1)
      shutdown = (async () => {
        // Send it no more calls first, as an orchestrator does.
        const url = serving.at(-1) ?? ''
        serving = serving.slice(0, -1)
        // NB: a call that arrives on a kept-alive connection while the replica closes it would get no answer.
        await Promise.allSettled(inProgress.get(url) ?? [])
        await replica?.part.stop()
        const [row] = await database.asOwner<{ count: number }>(
          `SELECT count(*)::int AS count FROM grants WHERE leased_by LIKE '%-' || $1 || '-%'`,
          [String(replica?.part.pid)],
        )
        stillLeased = row?.count ?? -1
      })()
    }
  })
  await Promise.all(lives)
  await shutdown
  await until(
    'no grant is pending or ending',
    async () => {
      const [row] = await database.asOwner<{ count: number }>(
        `SELECT count(*)::int AS count FROM grants WHERE status IN ('pending', 'ending')`,
      )
      return row?.count === 0
    },
    90_000,
  )
  expect(unexpected).toEqual([])
  expect(doubles).toEqual([])
  expect(stillLeased).toBe(0)
  const { leaked, stuck, wrong, events } = await tally(database, publicUrl)
  expect({ leaked, stuck, wrong }).toEqual({ leaked: [], stuck: [], wrong: [] })
  const [counted] = await database.asOwner<Record<string, number>>(`
    SELECT (SELECT count(*)::int FROM decisions) AS decisions,
      (SELECT count(*)::int FROM audit_events WHERE type = 'decision.made') AS events,
      (SELECT count(*)::int FROM requests WHERE status = 'approved') AS approved,
      (SELECT count(*)::int FROM grants) AS grants,
      (SELECT count(*)::int FROM (SELECT request_id FROM audit_events
        WHERE type IN ('request.approved', 'request.denied', 'request.withdrawn', 'request.lapsed')
        GROUP BY request_id HAVING count(*) > 1) AS twice) AS "decidedTwice"`)
  expect(counted).toMatchObject({ events: counted?.decisions, grants: counted?.approved, decidedTwice: 0 })
  recordFigure({
    section: 'replicas',
    what: `calls to ${replicaCount} replicas, ${lanes} people at a time: ${Object.entries(counts)
      .map(([what, count]) => `${count} × ${what}`)
      .join(', ')}`,
    measured: String(done),
    goal: '10 000',
    met: done >= 10_000,
  })
  recordFigure({
    section: 'replicas',
    what: `duplicate effects, invalid transitions, leaked objects, missing or duplicate events (${events['grant.intent-recorded'] ?? 0} grants)`,
    measured: '0',
    goal: '0',
    met: true,
  })
  recordFigure({
    section: 'replicas',
    what: 'SIGTERM to one replica meanwhile: calls in progress that failed; grants that it still leased',
    measured: '0; 0',
    goal: '0; 0',
    met: true,
  })
}, 1_800_000)
