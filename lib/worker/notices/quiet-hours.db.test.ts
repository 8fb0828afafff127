import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { channelStates } from '#lib/adapters/db/notices/channel-states'
import type { PersonActor } from '#lib/core/access/actor'
import { weekdays } from '#lib/core/access/quiet-hours-in-words'
import { addComment } from '#lib/operations/add-comment'
import { setNoticePreferences } from '#lib/operations/set-notice-preferences'
import { submitRequest } from '#lib/operations/submit-request'
import { withdrawRequest } from '#lib/operations/withdraw-request'
import { getRequest } from '#lib/views/get-request'
import { noticePreferences } from '#lib/views/notice-preferences'
import { testBench } from '#testing/bench'
import { aConfiguration, anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { decide } from '#testing/decisions'
import { eventTypesWhere } from '#testing/events'
import { mailbox } from '#testing/mailbox'
import { noticesWhere, notifyAll, whileNotifying } from '#testing/notices'
import { anActor, aSystemActor, isNowIn } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aRequest, aSubmission } from '#testing/requests'
import { until } from '#testing/until'
import { killedWhileWriting } from '#testing/work-until-killed'
import { followUpRequest } from '../follow-up-request.ts'

// Mails to a real mail server. Priya has quiet hours now; the clock is the database's own, so they end by being moved into the past.

const approvals = [
  { groups: ['payments-leads'], remindAfter: 'PT10M', escalate: [{ after: 'PT15M', to: { groups: ['sre'] } }] },
]
const box = await mailbox()
const { database } = await testBench({
  configuration: aConfiguration({
    publicUrl: 'https://postern.example.com',
    notifications: { email: { server: box.smtp, from: 'postern@example.com' } },
    rotas: [{ name: 'platform', zone: 'UTC', rotation: { people: ['oncall@example.com'], from: '2026-01-05T09:00' } }],
    entitlements: [
      anEntitlementDocument({ approvals }),
      anEntitlementDocument({ name: 'on-call-restart', approvals: [{ onCall: 'platform', count: 1 }] }),
      anEntitlementDocument({ name: 'break-glass', breakGlass: { security: ['security-audit'] } }),
    ],
  }),
})
afterAll(box.stop)

// One for each test, which a minute may not divide.
let startedAt = Date.now()
const timeIn = (hours: number) => new Date(startedAt + hours * 3_600_000).toISOString().slice(11, 16)
/** From an hour ago until in two hours. */
const now = () => ({ from: timeIn(-1), until: timeIn(2), days: [...weekdays], zone: 'UTC' })

let mina: PersonActor
let priya: PersonActor
let sam: PersonActor
beforeEach(async () => {
  startedAt = Date.now()
  mina = await anActor({ name: 'Mina Okafor', email: 'mina@example.com' })
  priya = await anActor({ name: 'Priya Nair', email: 'priya@example.com', groups: ['payments-leads'] })
  sam = await anActor({ name: 'Sam Rivera', email: 'sam@example.com', groups: ['payments-leads'] })
  await setNoticePreferences(priya, { quietHours: now() })
})
afterEach(async () => {
  for (const actor of [mina, priya, sam]) {
    await setNoticePreferences(actor, { quietHours: null })
    await isNowIn(actor.person, [])
  }
  await notifyAll()
})

const heldNotices = () =>
  database.asApp<{ kind: string; recipient: string; held_until: Date }>(
    'SELECT kind, recipient, held_until FROM notices WHERE next_attempt_at = held_until ORDER BY id',
  )
/** Notifies people until nothing is left but what quiet hours hold. */
const notifyUntilQuiet = () =>
  whileNotifying((wake) =>
    until('only held notices are left', async () => {
      wake()
      const [row] = await database.asApp<{ left: number }>(
        `SELECT (SELECT count(*) FROM outbox WHERE spread_at IS NULL AND due_at <= now() + interval '1 second')
          + (SELECT count(*) FROM notices WHERE outcome IS NULL AND next_attempt_at IS DISTINCT FROM held_until) AS left`,
      )
      return Number(row?.left) === 0
    }),
  )
/** The quiet hours of everyone ended an hour ago, and what they held is due. */
async function quietHoursPass() {
  await database.asOwner(
    'UPDATE notice_preferences SET quiet_from = $1, quiet_until = $2 WHERE quiet_from IS NOT NULL',
    [...[timeIn(-3), timeIn(-1)]],
  )
  await database.asApp('UPDATE notices SET next_attempt_at = now() WHERE next_attempt_at = held_until')
  await notifyAll()
}
/** The mails about a request to one address. The mail server lists a mail a moment after it has accepted it. */
async function mailsTo(address: string, id: string) {
  const about = async (one?: string) =>
    (await box.mails(one)).filter(({ references }) => references?.includes(`${id}@postern.example.com`))
  const sent = (await noticesWhere({ where: { requestId: id, outcome: 'sent' } })).length
  await until('what was sent has arrived', async () => (await about()).length >= sent)
  return about(address)
}

test('mails wait for the end of quiet hours, and then one for each request says what happened meanwhile', async () => {
  const first = await submitRequest(mina, aSubmission())
  await notifyUntilQuiet()
  await addComment(mina, first.id, { text: 'It is the checkout service.' })
  const second = await submitRequest(mina, aSubmission())
  await notifyUntilQuiet()
  expect(await mailsTo('priya@example.com', first.id)).toEqual([])
  expect(await mailsTo('priya@example.com', second.id)).toEqual([])
  expect(await mailsTo('sam@example.com', first.id)).toHaveLength(2)
  const held = await heldNotices()
  expect(held.map(({ kind, recipient }) => [kind, recipient])).toEqual([
    ['comment-added', priya.person.id],
    ['request-waits', priya.person.id],
  ])
  for (const { held_until } of held) expect(held_until.toISOString().slice(11, 16)).toBe(timeIn(2))
  await quietHoursPass()
  const [mail, another] = await mailsTo('priya@example.com', first.id)
  expect(another).toBeUndefined()
  expect(mail?.text).toContain('> It is the checkout service.')
  expect(mail?.text).toMatch(/Earlier, at \S+ \S+ UTC: Mina Okafor requests/)
  expect(mail?.html).toContain('Earlier, at')
  expect(await mailsTo('priya@example.com', second.id)).toHaveLength(1)
})

test('a request that is handled during quiet hours is not mailed after them, neither that it waited nor who decided it', async () => {
  const decided = await submitRequest(mina, aSubmission())
  const withdrawn = await submitRequest(mina, aSubmission())
  await notifyUntilQuiet()
  await decide(sam, decided)
  await withdrawRequest(mina, withdrawn.id)
  await notifyUntilQuiet()
  await quietHoursPass()
  for (const { id } of [decided, withdrawn]) expect(await mailsTo('priya@example.com', id)).toEqual([])
})

test('a person who received one mail about several notices is notified who decided the request', async () => {
  const request = await submitRequest(mina, aSubmission())
  await notifyUntilQuiet()
  await addComment(mina, request.id, { text: 'It is the checkout service.' })
  await notifyUntilQuiet()
  await quietHoursPass()
  await decide(sam, request, { note: 'Seen it too.' })
  await notifyAll()
  const [, decision] = await mailsTo('priya@example.com', request.id)
  expect(decision?.text).toContain('was approved by Sam Rivera')
})

test('someone who ends their quiet hours receives the held mails at once', async () => {
  const { id } = await submitRequest(mina, aSubmission())
  await notifyUntilQuiet()
  await setNoticePreferences(priya, { quietHours: null })
  await notifyAll()
  expect(await mailsTo('priya@example.com', id)).toHaveLength(1)
  expect(await eventTypesWhere({ actorId: priya.person.id, type: { startsWith: 'notices.quiet-hours' } })).toEqual([
    'notices.quiet-hours-set',
    'notices.quiet-hours-ended',
  ])
})

test('break-glass access is mailed at any hour', async () => {
  const reason = 'checkout is down for everyone and no one answers'
  const { id } = await submitRequest(mina, aSubmission({ entitlement: 'break-glass', reason }))
  await notifyUntilQuiet()
  const [mail] = await mailsTo('priya@example.com', id)
  expect(mail?.text).toContain('Mina Okafor uses break-glass access')
})

test('quiet hours hold no mail to someone who is on call', async () => {
  const onCall = await anActor({ name: 'On Call', email: 'oncall@example.com', groups: [] })
  await setNoticePreferences(onCall, { quietHours: now() })
  const { id, steps } = await getRequest(
    mina,
    (await submitRequest(mina, aSubmission({ entitlement: 'on-call-restart' }))).id,
  )
  await notifyUntilQuiet()
  expect(await mailsTo('oncall@example.com', id)).toHaveLength(1)
  expect(steps[0]).toMatchObject({ eligible: [{ name: 'On Call', quietUntil: null }], quietUntil: null })
  await setNoticePreferences(onCall, { quietHours: null })
})

test('while all approvers have quiet hours the requester reads until when, and the request escalates with a mail at once', async () => {
  const request = await aRequest({
    requester: mina.person,
    entitlement: anEntitlement({ approvals }),
    createdAt: new Date(Date.now() - 16 * 60_000),
  })
  const sid = await anActor({ name: 'Sid Amari', email: 'sid@example.com', groups: ['sre'] })
  await setNoticePreferences(sid, { quietHours: now() })
  const stepNow = async () => (await getRequest(mina, request.id)).steps[0]
  const ends = expect.stringContaining(`T${timeIn(2)}:00`)
  expect(await stepNow()).toMatchObject({ quietUntil: null, eligible: [{ quietUntil: ends }, {}, {}] })
  await setNoticePreferences(sam, { quietHours: { ...now(), until: timeIn(4) } })
  expect(await stepNow()).toMatchObject({ quietUntil: ends })
  expect(await followUpRequest(aSystemActor(), request.id)).toBe(true)
  await notifyUntilQuiet()
  expect(await mailsTo('sid@example.com', request.id)).toHaveLength(1)
  await setNoticePreferences(sid, { quietHours: null })
  await isNowIn(sid.person, [])
})

test('a held mail neither counts as waiting for its channel nor sets off the alert', async () => {
  await submitRequest(mina, aSubmission())
  await notifyUntilQuiet()
  expect(await heldNotices()).toHaveLength(1)
  expect(await channelStates()).toEqual([])
})

test('24 hours after it was written quiet hours hold a mail no more', async () => {
  const { id } = await submitRequest(mina, aSubmission())
  await notifyUntilQuiet()
  await database.asOwner(`UPDATE notices SET created_at = now() - interval '25 hours', next_attempt_at = now()
    WHERE next_attempt_at = held_until`)
  await notifyAll()
  expect(await mailsTo('priya@example.com', id)).toHaveLength(1)
})

test('a worker that is killed while it holds a mail loses none, and sends none twice', async () => {
  const { id } = await submitRequest(mina, aSubmission())
  await notifyUntilQuiet()
  await addComment(mina, id, { text: 'It is the checkout service.' })
  const holding = { write: 'BEFORE UPDATE ON notices', when: `NEW.outcome = 'merged'` }
  await killedWhileWriting(database, 'notifier', holding, async () => (await heldNotices()).length === 1)
  await database.asApp('UPDATE notices SET lease_until = now() WHERE lease_until IS NOT NULL')
  await notifyUntilQuiet()
  await quietHoursPass()
  const [mail, another] = await mailsTo('priya@example.com', id)
  expect(another).toBeUndefined()
  expect(mail?.text).toContain('> It is the checkout service.')
})

test('a mail that can’t wait tells what quiet hours held of the same request, which is not mailed again after them', async () => {
  const request = await aRequest({
    requester: mina.person,
    entitlement: anEntitlement({ approvals }),
    createdAt: new Date(Date.now() - 16 * 60_000),
  })
  const other = await submitRequest(mina, aSubmission())
  await addComment(mina, request.id, { text: 'It is the checkout service.' })
  await notifyUntilQuiet()
  expect((await heldNotices()).map(({ recipient }) => recipient)).toEqual([priya.person.id, priya.person.id])
  await isNowIn(priya.person, ['payments-leads', 'sre'])
  expect(await followUpRequest(aSystemActor(), request.id)).toBe(true)
  await notifyUntilQuiet()
  const [mail] = await mailsTo('priya@example.com', request.id)
  expect(mail?.text).toContain('escalated')
  expect(mail?.text).toMatch(/Earlier, at \S+ \S+ UTC: Mina Okafor commented/)
  expect(await mailsTo('priya@example.com', other.id)).toEqual([])
  await quietHoursPass()
  expect(await mailsTo('priya@example.com', request.id)).toHaveLength(1)
  expect(await mailsTo('priya@example.com', other.id)).toHaveLength(1)
})

test('an abbreviation, which the database reads as a zone without daylight saving time, is refused as a time zone', async () => {
  const [row] = await database.asOwner<{ differ: boolean }>(
    `SELECT timestamp '2026-07-01 07:00' AT TIME ZONE 'CET' <> timestamp '2026-07-01 07:00' AT TIME ZONE 'Europe/Brussels' AS differ`,
  )
  expect(row?.differ).toBe(true)
  for (const zone of ['CET', 'EET', 'WET', 'MET'])
    expect((await rejectionOf(setNoticePreferences(priya, { quietHours: { ...now(), zone } }))).errors).toEqual([
      { pointer: '/quietHours/zone', message: 'must be an IANA time zone such as Europe/Berlin' },
    ])
  await setNoticePreferences(priya, { quietHours: { ...now(), zone: 'UTC' } })
})

test('quiet hours in a time zone that the database does not know are refused, and the earlier ones stay', async () => {
  const before = await noticePreferences(priya)
  const refusal = rejectionOf(
    setNoticePreferences(priya, { muted: ['access-ended'], quietHours: { ...now(), zone: 'US/Pacific-New' } }),
  )
  expect((await refusal).errors).toEqual([
    { pointer: '/quietHours/zone', message: 'is not a time zone that the database knows' },
  ])
  expect(await noticePreferences(priya)).toEqual(before)
})
