import fc from 'fast-check'
import { expect, test } from 'vitest'
import { testBench } from '#testing/bench'
import { anActor } from '#testing/people'
import { aGrant } from '#testing/requests'
import { accessAt } from './access-at.ts'
import { accessDuring } from './access-during.ts'

const { database } = await testBench()
const auditor = await anActor({ roles: ['auditor'] })
const base = Date.UTC(2026, 0, 1)
const timeOf = (ms: number) => new Date(base + ms).toISOString()

/** What happens to one grant, each so many milliseconds after the one before. */
const types = { active: 'grant.active', ending: 'grant.ending', ended: 'grant.ended' } as const
type Step = { type: keyof typeof types; after: number }
const lives: fc.Arbitrary<Step[]> = fc
  .tuple(
    fc.integer({ min: 0, max: 50 }),
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 1, max: 30 }),
  )
  .chain(([began, lasted, took, again]) =>
    fc.constantFrom<Step[]>(
      [],
      [{ type: 'active', after: began }],
      [
        { type: 'ending', after: began },
        { type: 'ended', after: took },
      ],
      [
        { type: 'active', after: began },
        { type: 'ending', after: lasted },
      ],
      [
        { type: 'active', after: began },
        { type: 'ending', after: lasted },
        { type: 'ended', after: took },
      ],
      // An end that someone else had written is made again.
      [
        ...([
          { type: 'active', after: began },
          { type: 'ending', after: lasted },
        ] as const),
        ...([
          { type: 'ended', after: took },
          { type: 'ending', after: again },
          { type: 'ended', after: took },
        ] as const),
      ],
    ),
  )

/** The model: it replays the steps up to a moment. */
function isLive(steps: readonly Step[], ms: number): boolean {
  let now = 0
  let wasActive = false
  let hasEnded = false
  for (const { type, after } of steps) {
    now += after
    if (now > ms) break
    wasActive ||= type === 'active'
    hasEnded = type === 'ended'
  }
  return wasActive && !hasEnded
}

let round = 0
async function record(histories: readonly Step[][], requestId: string): Promise<string> {
  round += 1
  const cluster = `model-${round}`
  const rows = histories.flatMap((steps, index) => {
    let now = 0
    return steps.map(({ type, after }, step) => {
      now += after
      const data =
        type === 'active' ? { expiresAt: timeOf(1_000), probes: 1 } : { endedBy: 'expiry', probes: 1, note: null }
      return {
        id: `evt_${round}_${index}_${step}`,
        type: types[type],
        at: timeOf(now),
        grant_id: `grt_${round}_${index}`,
        data,
      }
    })
  })
  await database.asOwner(
    `INSERT INTO audit_events (id, at, type, actor_kind, actor_name, via, reference, request_id, grant_id, cluster, namespaces, data)
     SELECT id, at, type, 'system', 'worker', 'system', 'r', $2, grant_id, $3, '{payments}', data
     FROM jsonb_to_recordset($1::jsonb) AS e(id text, at timestamptz, type text, grant_id text, data jsonb)`,
    [JSON.stringify(rows), requestId, cluster],
  )
  return cluster
}

async function aRecordedRequest(): Promise<string> {
  const { requestId } = await aGrant()
  const [known] = await database.asOwner(
    `SELECT FROM audit_events WHERE request_id = $1 AND type = 'request.submitted'`,
    [requestId],
  )
  if (!known)
    await database.asOwner(
      `INSERT INTO audit_events (id, type, actor_kind, actor_name, via, reference, request_id, about_id, namespaces, data)
       VALUES ('evt_' || $1, 'request.submitted', 'person', 'Mina Okafor', 'browser', 'r', $1, 'per_mina', '{payments}',
         '{"entitlement": "payments-restart", "reason": "the deploy hangs", "ticket": null}')`,
      [requestId],
    )
  return requestId
}

test('the grants of a moment are those that a replay of the events finds, to the millisecond', async () => {
  const requestId = await aRecordedRequest()
  await fc.assert(
    fc.asyncProperty(
      fc.array(lives, { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(200), { minLength: 3, maxLength: 3 }),
      async (histories, moments) => {
        const cluster = await record(histories, requestId)
        // Random moments, and both sides of an event.
        const edge = histories.flatMap((steps) => steps.slice(0, 1).map(({ after }) => after))[0] ?? 0
        for (const ms of [...moments, edge, edge - 1]) {
          const { items } = await accessAt(auditor, { time: timeOf(ms), cluster })
          const expected = histories.flatMap((steps, index) => (isLive(steps, ms) ? [`grt_${round}_${index}`] : []))
          expect(items.map(({ grantId }) => grantId).toSorted()).toEqual(expected.toSorted())
        }
      },
    ),
    { numRuns: 25 },
  )
})

test('the grants of a period are those that a replay of the events finds live at any of its moments, to the millisecond', async () => {
  const requestId = await aRecordedRequest()
  await fc.assert(
    fc.asyncProperty(
      fc.array(lives, { minLength: 1, maxLength: 12 }),
      fc.array(fc.tuple(fc.nat(120), fc.nat(30)), { minLength: 3, maxLength: 3 }),
      async (histories, periods) => {
        const cluster = await record(histories, requestId)
        // Random periods, and those that end or begin with the first and the last event of a grant.
        const edges = histories.slice(0, 2).flatMap((steps) => {
          const last = steps.reduce((sum, { after }) => sum + after, 0)
          return [steps[0]?.after ?? 0, last].flatMap((at) => [
            [at - 1, 1] as const,
            [at, 1] as const,
            [at, 0] as const,
          ])
        })
        for (const [first, length] of [...periods, ...edges]) {
          const query = { from: timeOf(first), to: timeOf(first + length), cluster }
          const { items } = await accessDuring(auditor, query)
          const moments = Array.from({ length: Math.max(length, 1) }, (_, i) => first + i)
          const expected = histories.flatMap((steps, index) =>
            moments.some((ms) => isLive(steps, ms)) ? [`grt_${round}_${index}`] : [],
          )
          expect(items.map(({ grantId }) => grantId).toSorted()).toEqual(expected.toSorted())
        }
      },
    ),
    { numRuns: 25 },
  )
})

test('the end of a grant is the first one after the time in which it was live, also where it had to be made again', async () => {
  const requestId = await aRecordedRequest()
  const [ending, ended] = [{ type: 'ending', after: 10 } as const, { type: 'ended', after: 5 } as const]
  const cluster = await record([[{ type: 'active', after: 10 }, ending, ended, ending, ended]], requestId)
  const endAfter = async (from: number, to: number) =>
    (await accessDuring(auditor, { from: timeOf(from), to: timeOf(to), cluster })).items.map(({ endedAt }) => endedAt)
  expect(await endAfter(0, 12)).toEqual([timeOf(25)])
  expect(await endAfter(24, 50)).toEqual([timeOf(25)])
  expect(await endAfter(25, 35)).toEqual([])
  expect(await endAfter(25, 36)).toEqual([timeOf(40)])
  expect(await endAfter(36, 36)).toEqual([timeOf(40)])
})

test('who could perform an action is judged by the rules that were approved', async () => {
  const requestId = await aRecordedRequest()
  const cluster = await record([[{ type: 'active', after: 10 }]], requestId)
  const [{ rules } = { rules: [] }] = (await accessAt(auditor, { time: timeOf(20), cluster })).items
  const [verb = '', resource = ''] = [rules[0]?.verbs[0], rules[0]?.resources[0]]
  const could = async (query: object) =>
    (await accessDuring(auditor, { from: timeOf(0), to: timeOf(20), cluster, namespace: 'payments', ...query })).items
  expect(await could({ verb, resource })).toMatchObject([{ requestId, beganAt: timeOf(10), endedAt: null }])
  for (const query of [
    { verb: 'impersonate', resource },
    { verb, resource: 'secrets' },
    { verb, resource: `${resource}.example.com` },
    { verb, resource, namespace: 'search' },
    { verb, resource, to: timeOf(10) },
  ])
    expect(await could(query), JSON.stringify(query)).toEqual([])
})

test.each([
  [{ from: timeOf(2), to: timeOf(1) }, 'to'],
  [{ from: timeOf(1), to: timeOf(2), verb: 'get' }, 'resource'],
  [{ from: timeOf(1), to: timeOf(2), resource: 'pods' }, 'verb'],
])('a question that has no meaning is refused with the field that is wrong: %j', async (query, pointer) => {
  await expect(accessDuring(auditor, query)).rejects.toMatchObject({ code: 'invalid', errors: [{ pointer }] })
})

test('a grant of the past has its person, rules, approvers, reason, and real begin and end', async () => {
  const requestId = await aRecordedRequest()
  const steps: Step[] = [
    { type: 'active', after: 10 },
    { type: 'ending', after: 10 },
    { type: 'ended', after: 5 },
  ]
  await database.asOwner(
    `INSERT INTO audit_events (id, at, type, actor_kind, actor_name, via, reference, request_id, namespaces, data)
     VALUES ('evt_approved', $2, 'decision.made', 'person', 'Priya Nair', 'browser', 'r', $1, '{}', '{"decision": "approve"}'),
       ('evt_denied', $2, 'decision.made', 'person', 'Tomas', 'browser', 'r', $1, '{}', '{"decision": "deny"}')`,
    [requestId, timeOf(5)],
  )
  const cluster = await record([steps], requestId)
  expect(await accessAt(auditor, { time: timeOf(20), cluster })).toMatchObject({
    isComplete: true,
    items: [
      {
        ...{ requestId, cluster, namespaces: ['payments'], approvers: [{ name: 'Priya Nair', at: timeOf(5) }] },
        ...{ beganAt: timeOf(10), expiresAt: timeOf(1_000), endedAt: timeOf(25) },
        rules: [expect.objectContaining({ verbs: expect.any(Array) })],
        reason: expect.any(String),
        person: { name: expect.any(String) },
      },
    ],
  })
  expect((await accessAt(auditor, { time: timeOf(20), cluster, namespace: 'search' })).items).toEqual([])
  expect((await accessAt(auditor, { time: timeOf(20), cluster: '\0' })).items).toEqual([])
})

test('a time that PostgreSQL does not have is the nearest one that it has', async () => {
  expect((await accessAt(auditor, { time: '-000001-01-01T00:00:00.000Z' })).items).toEqual([])
  expect((await accessAt(auditor, { time: '+200000-01-01T00:00:00.000Z' })).time).toBe('9999-12-31T00:00:00.000Z')
})

test('only auditors and admins learn who had access', async () => {
  await expect(accessAt(await anActor(), { time: timeOf(20) })).rejects.toMatchObject({ code: 'not-found' })
  await expect(accessDuring(await anActor(), { from: timeOf(0), to: timeOf(20) })).rejects.toMatchObject({
    code: 'not-found',
  })
  expect((await accessAt(await anActor({ roles: ['admin'] }), { time: timeOf(0) })).time).toBe(timeOf(0))
})
