import { beforeAll, expect, test } from 'vitest'
import { digestOfReview } from '#lib/core/access/access-review'
import { reviewInCsv } from '#lib/core/audit/review-lines'
import { signOffAccessReview } from '#lib/operations/sign-off-access-review'
import { testBench } from '#testing/bench'
import { anEntitlement } from '#testing/configuration'
import { eventsWhere } from '#testing/events'
import { anActor, aPerson, asActor } from '#testing/people'
import { aRequest } from '#testing/requests'
import { accessReview } from './access-review.ts'

const { database } = await testBench()
const auditor = await anActor({ name: 'Ines', roles: ['auditor'] })
const [mina, jonas] = [await aPerson({ name: '=Mina' }), await aPerson({ name: 'Jonas' })]
const [priya, sam] = [await aPerson({ name: 'Priya' }), await aPerson({ name: 'Sam' })]

// Everything happens in one day of the past; the day before and the day after are empty.
const day = Date.UTC(2026, 0, 5)
const at = (seconds: number) => new Date(day + seconds * 1000).toISOString()
const period = { from: at(0), to: at(86_400) }

type NewEvent = {
  type: string
  at: string
  requestId: string
  grantId?: string
  actor?: { id: string; name: string }
  data?: object
}

let count = 0
async function record(events: NewEvent[]) {
  const rows = events.map((event) => {
    count += 1
    return {
      ...event,
      id: `evt_${count}`,
      actorId: event.actor?.id,
      actorName: event.actor?.name ?? 'worker',
      data: event.data ?? {},
    }
  })
  await database.asOwner(
    `INSERT INTO audit_events (id, at, type, actor_kind, actor_id, actor_name, via, reference, request_id, grant_id, namespaces, data)
     SELECT id, at, type, 'person', "actorId", "actorName", 'system', 'r', "requestId", "grantId", '{payments}', data
     FROM jsonb_to_recordset($1::jsonb) AS e(id text, at timestamptz, type text, "actorId" text, "actorName" text, "requestId" text, "grantId" text, data jsonb)`,
    [JSON.stringify(rows)],
  )
}

/** A request that was decided after so many seconds, and whose access lasted ten minutes. */
async function held(
  requester: typeof mina,
  approver: typeof priya,
  begins: number,
  after: number,
  decision = 'approve',
) {
  const { id } = await aRequest({ requester })
  const grantId = `grt_${id}`
  await record([
    { type: 'request.submitted', at: at(begins), requestId: id, actor: requester },
    { type: 'decision.made', at: at(begins + after), requestId: id, actor: approver, data: { decision } },
    ...(decision === 'approve'
      ? [
          { type: 'grant.active', at: at(begins + after + 1), requestId: id, grantId },
          { type: 'grant.ended', at: at(begins + after + 601), requestId: id, grantId },
        ]
      : []),
  ])
  return id
}

let fast = ''
let glass = ''
beforeAll(async () => {
  for (let i = 0; i < 5; i += 1) await held(mina, priya, 1000 * i, 60)
  fast = await held(jonas, sam, 10_000, 4.5)
  for (let i = 0; i < 5; i += 1) await held(jonas, sam, 20_000 + 1000 * i, 5)
  await held(jonas, sam, 30_000, 90, 'deny')
  glass = (await aRequest({ requester: mina, entitlement: anEntitlement({ name: 'payments-emergency' }) })).id
  await record([
    { type: 'request.approved', at: at(40_000), requestId: glass, data: { reviewDueAt: at(90_000), automatic: true } },
  ])
  // Outside of the period, on both sides.
  await held(mina, sam, -2000, 60)
  await held(mina, sam, 86_400, 60)
})

test('a review counts the access of the period by entitlement and person, and how long it lasted', async () => {
  const { access, isComplete } = await accessReview(auditor, period)
  expect(isComplete).toBe(true)
  expect(access).toMatchObject([
    {
      entitlement: 'payments-restart',
      person: { name: 'Jonas' },
      granted: 6,
      used: null,
      held: 'PT1H',
      lastAt: at(24_006),
    },
    { entitlement: 'payments-restart', person: { name: '=Mina' }, granted: 5, held: 'PT50M', lastAt: at(4061) },
  ])
})

test('a review names entitlements of which no access began', async () => {
  const { unused } = await accessReview(auditor, period)
  expect(unused).not.toContain('payments-restart')
  expect(unused).toContain('search-debug')
  expect((await accessReview(auditor, { from: at(-99_999), to: at(-50_000) })).unused).toContain('payments-restart')
})

test('a review names who approved every request of one person, and not who also denied one', async () => {
  expect((await accessReview(auditor, period)).pairs).toEqual([
    {
      approver: { id: priya.id, name: 'Priya' },
      requester: { id: mina.id, name: '=Mina' },
      approved: 5,
      ofDecisions: 5,
    },
  ])
})

test('a review names decisions within five seconds, and none that needed five', async () => {
  expect((await accessReview(auditor, period)).fast).toMatchObject([
    { requestId: fast, approver: { name: 'Sam' }, requester: { name: 'Jonas' }, decision: 'approve', seconds: 4.5 },
  ])
})

test('a review names break-glass access, with the outcome of its own review once there is one', async () => {
  expect((await accessReview(auditor, period)).breakGlass).toMatchObject([
    { requestId: glass, entitlement: 'payments-emergency', person: { name: '=Mina' }, outcome: null, reviewer: null },
  ])
})

test('as CSV it has every line, and no formula', async () => {
  const lines = reviewInCsv(await accessReview(auditor, period))
    .trim()
    .split('\r\n')
  expect(lines.some((line) => line.startsWith(`"access","payments-restart","'=Mina"`))).toBe(true)
  const kinds = ['access', 'unused entitlement', 'approved every request', 'fast decision', 'break-glass access']
  for (const kind of kinds)
    expect(
      lines.some((line) => line.startsWith(`"${kind}"`)),
      kind,
    ).toBe(true)
})

const signOff = async (actor: typeof auditor, of = period) => {
  const { digest } = await accessReview(auditor, of)
  return signOffAccessReview(actor, { ...of, digest, note: 'read all of it' })
}

test('a sign-off is an event that binds exactly what was reviewed, and says so once that has changed', async () => {
  const { digest } = await signOff(auditor)
  const [event] = await eventsWhere({ type: 'access.reviewed' })
  expect(event?.data).toEqual({ ...period, digest, note: 'read all of it', grants: 11, people: 2 })
  const {
    digest: now,
    signOffs,
    isOver,
    isOwn,
    callsRemovedBefore: _,
    ...content
  } = await accessReview(auditor, period)
  expect(now).toBe(digestOfReview(content))
  expect(signOffs).toMatchObject([{ by: 'Ines', note: 'read all of it', isCurrent: true }])
  await record([
    { type: 'review.recorded', at: at(200_000), requestId: glass, actor: sam, data: { outcome: 'justified' } },
  ])
  const later = await accessReview(auditor, period)
  expect(later.breakGlass).toMatchObject([{ outcome: 'justified', reviewer: 'Sam' }])
  expect(later.signOffs).toMatchObject([{ isCurrent: false }])
  await expect(signOffAccessReview(auditor, { ...period, digest, note: 'again' })).rejects.toMatchObject({
    code: 'digest-mismatch',
  })
})

test('no one signs off a review of access that they held, decided or reviewed, by any of their accounts', async () => {
  const auditorOf = (person: typeof mina) => asActor(person, ['auditor'])
  const lena = await aPerson({ name: 'Lena', email: 'lena@postern.example' })
  const second = await anActor({ name: 'Lena', email: 'LENA+audit@postern.example', roles: ['auditor'] })
  const other = { from: at(-30 * 86_400), to: at(-29 * 86_400) }
  await held(lena, priya, -30 * 86_400 + 10, 60)
  const used = (await aRequest({ requester: jonas })).id
  const approved = { type: 'request.approved', requestId: used }
  await record([
    { ...approved, at: at(-30 * 86_400 + 5000), data: { reviewDueAt: at(0), automatic: true } },
    { type: 'review.recorded', at: at(-20 * 86_400), requestId: used, actor: sam, data: { outcome: 'justified' } },
  ])
  for (const actor of [auditorOf(lena), second, auditorOf(priya), auditorOf(sam), auditorOf(jonas)]) {
    expect((await accessReview(actor, other)).isOwn, actor.person.name).toBe(true)
    await expect(signOff(actor, other), actor.person.name).rejects.toMatchObject({ code: 'forbidden' })
  }
  const uninvolved = auditorOf(mina)
  expect((await accessReview(uninvolved, other)).isOwn).toBe(false)
  await signOff(uninvolved, other)
  await expect(signOff(uninvolved)).rejects.toMatchObject({ code: 'forbidden' })
})

test('a period that is not over can’t be signed off', async () => {
  const open = { from: period.from, to: new Date(Date.now() + 86_400_000).toISOString() }
  expect((await accessReview(auditor, open)).isOver).toBe(false)
  await expect(signOff(auditor, open)).rejects.toMatchObject({ code: 'invalid' })
})

test('the use of access is known where its cluster reported calls before it began and after it ended', async () => {
  const { cluster } = await aRequest()
  const feed = (first: number, newest: number) =>
    database.asOwner(
      `INSERT INTO activity_feeds (cluster, first_at, newest_at) VALUES ($1, $2, $3)
       ON CONFLICT (cluster) DO UPDATE SET first_at = $2, newest_at = $3`,
      [cluster, at(first), at(newest)],
    )
  // The grants of these tests are in the history alone, so that the database would not know whose account this is.
  await database.asOwner('ALTER TABLE activity_sources DISABLE TRIGGER activity_sources_guard')
  await database.asOwner(
    `INSERT INTO activity_sources (key, cluster, account, grant_id) VALUES (gen_random_uuid(), $1, 'a', $2)`,
    [cluster, `grt_${fast}`],
  )
  const usedOf = async () => (await accessReview(auditor, period)).access.map(({ person, used }) => [person.name, used])
  await feed(9_000, 90_000)
  expect(await usedOf()).toEqual([
    ['Jonas', 1],
    ['=Mina', null],
  ])
  await feed(0, 10_000)
  expect(await usedOf()).toEqual([
    ['Jonas', null],
    ['=Mina', 0],
  ])
})

test.each([
  ['ends before it begins', { from: at(1), to: at(0) }],
  ['is longer than 400 days', { from: at(0), to: at(401 * 86_400) }],
])('a period that %s is refused', async (_what, of) => {
  await expect(accessReview(auditor, of)).rejects.toMatchObject({ code: 'invalid' })
})

test('a review whose lists are cut is not signed off, so that no one pushes access out of it', async () => {
  const cut = { from: at(-10 * 86_400), to: at(-9 * 86_400) }
  const type = 'request.approved'
  const use = (n: number) => ({ type, at: at(-10 * 86_400 + n), requestId: glass, data: { reviewDueAt: at(0) } })
  await record(Array.from({ length: 1001 }, (_, n) => use(n)))
  const { digest, isComplete } = await accessReview(auditor, cut)
  expect(isComplete).toBe(false)
  await expect(signOffAccessReview(auditor, { ...cut, digest, note: 'all is well' })).rejects.toMatchObject({
    code: 'invalid',
  })
})

test('only auditors and admins read or sign off a review, and each attempt to sign is recorded', async () => {
  const other = await anActor()
  await expect(accessReview(other, period)).rejects.toMatchObject({ code: 'not-found' })
  await expect(signOff(other)).rejects.toMatchObject({ code: 'not-found' })
  const [refused] = (await eventsWhere({ type: 'access.review-refused' })).filter(
    ({ data }) => (data as { code: string }).code === 'not-found',
  )
  expect(refused).toMatchObject({ actorId: other.person.id })
})
