import { afterAll, beforeAll, expect, test } from 'vitest'
import { db, transaction } from '#lib/adapters/db/client'
import type { PersonActor } from '#lib/core/access/actor'
import { exactTime } from '#lib/core/access/format-time'
import { addComment } from '#lib/operations/add-comment'
import { reviewRequest } from '#lib/operations/review-request'
import { saveAuditEvents } from '#lib/operations/save-audit-events'
import { sendNoticesAgain } from '#lib/operations/send-notices-again'
import { endAbsence, setAbsence } from '#lib/operations/set-absence'
import { setNoticePreferences } from '#lib/operations/set-notice-preferences'
import { submitRequest } from '#lib/operations/submit-request'
import { withdrawRequest } from '#lib/operations/withdraw-request'
import { getRequest } from '#lib/views/get-request'
import { anAuditEvent, userOfGrant } from '#testing/audit-events'
import { testBench } from '#testing/bench'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { decide } from '#testing/decisions'
import { eventsWhere } from '#testing/events'
import { type Mailbox, mailbox, type ReceivedMail } from '#testing/mailbox'
import { noticesWhere, notifyAll, whileNotifying } from '#testing/notices'
import { anActor, aSystemActor, isNowIn } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aGrant, aSubmission, bringGrant } from '#testing/requests'
import { until } from '#testing/until'
import { killedWhileWriting } from '#testing/work-until-killed'
import { spreadOutbox } from './spread.ts'

// Mails to a real mail server, from submissions and decisions through Postern's own operations.

const box: Mailbox = await mailbox()
const configuration = aConfiguration({
  publicUrl: 'https://postern.example.com',
  notifications: { email: { server: box.smtp, from: 'postern@example.com' } },
  rotas: [
    { name: 'platform', zone: 'UTC', rotation: { people: ['oncall@example.com'], from: '2026-01-05T09:00' } },
    { name: 'other', zone: 'UTC', rotation: { people: ['other@example.com'], from: '2026-01-05T09:00' } },
  ],
  entitlements: [
    anEntitlementDocument(),
    anEntitlementDocument({ name: 'break-glass', breakGlass: { security: ['security-audit'] } }),
    anEntitlementDocument({ name: 'guarded', approvals: [{ groups: ['operations'], count: 1 }] }),
    anEntitlementDocument({ name: 'on-call-restart', approvals: [{ onCall: 'platform', count: 1 }] }),
  ],
})
const { database } = await testBench({ configuration })
afterAll(box.stop)

let mina: PersonActor
let priya: PersonActor
let sam: PersonActor
beforeAll(async () => {
  mina = await anActor({ name: 'Mina Okafor', email: 'mina@example.com' })
  priya = await anActor({ name: 'Priya Nair', email: 'priya@example.com', groups: ['payments-leads'] })
  sam = await anActor({ name: 'Sam Rivera', email: 'sam@example.com', groups: ['payments-leads'] })
  await anActor({
    name: 'Unverified',
    email: 'unverified@example.com',
    emailVerified: false,
    groups: ['payments-leads'],
  })
  await anActor({ name: 'Other Group', email: 'other@example.com', groups: ['search-dev'] })
})

/** The mails about a request. The mail server lists a mail a moment after it has accepted it. */
async function mailsAbout(id: string): Promise<ReceivedMail[]> {
  const sent = (await noticesWhere({ where: { requestId: id, outcome: 'sent' } })).length
  const about = async () =>
    (await box.mails()).filter(({ references }) => references?.includes(`${id}@postern.example.com`))
  await until('what was sent has arrived', async () => (await about()).length >= sent)
  return about()
}
const recipientsOf = async (id: string) =>
  (await mailsAbout(id)).flatMap(({ to }) => to.map(({ address }) => address)).sort()

test('only people who may decide a request now are notified that it waits', async () => {
  const { id } = await submitRequest(mina, aSubmission({ reason: 'the ledger hangs since 02:10' }))
  await notifyAll()
  expect(await recipientsOf(id)).toEqual(['priya@example.com', 'sam@example.com'])
  const [mail] = await mailsAbout(id)
  expect(mail?.subject).toBe('Restart payment services on prod-eu for Mina Okafor')
  expect(mail?.text).toContain('> the ledger hangs since 02:10')
  expect(mail?.text).toContain(`https://postern.example.com/requests/${id}`)
  expect(mail?.html).toContain(`href="https://postern.example.com/requests/${id}"`)
})

test('the person on call is notified, and those of another rota are not', async () => {
  await anActor({ name: 'On Call', email: 'oncall@example.com', groups: [] })
  const { id } = await submitRequest(mina, aSubmission({ entitlement: 'on-call-restart' }))
  await notifyAll()
  expect(await recipientsOf(id)).toEqual(['oncall@example.com'])
})

test('once a request is decided, its thread tells the requester the note and the other approver who decided', async () => {
  const request = await submitRequest(mina, aSubmission())
  await notifyAll()
  await decide(priya, request, { note: 'Seen it on the dashboard too.' })
  await notifyAll()
  expect(await recipientsOf(request.id)).toEqual([
    'mina@example.com',
    'priya@example.com',
    'sam@example.com',
    'sam@example.com',
  ])
  const followUps = (await mailsAbout(request.id)).filter(({ subject }) => subject.startsWith('Re: '))
  expect(followUps.map(({ to }) => to[0]?.address).sort()).toEqual(['mina@example.com', 'sam@example.com'])
  for (const { text } of followUps) {
    expect(text).toContain('was approved by Priya Nair')
    expect(text).toContain('> Seen it on the dashboard too.')
  }
})

test('someone who can no longer decide a request is not notified, neither that it waits nor who handled it', async () => {
  const first = await submitRequest(mina, aSubmission())
  await isNowIn(sam.person, [])
  await notifyAll()
  expect(await recipientsOf(first.id)).toEqual(['priya@example.com'])
  await isNowIn(sam.person, ['payments-leads'])
  const second = await submitRequest(mina, aSubmission())
  await notifyAll()
  await isNowIn(sam.person, [])
  await withdrawRequest(mina, second.id)
  await notifyAll()
  await isNowIn(sam.person, ['payments-leads'])
  expect((await recipientsOf(second.id)).filter((one) => one === 'sam@example.com')).toHaveLength(1)
})

test('someone who does not want a kind of notice gets none of it by e-mail', async () => {
  await setNoticePreferences(sam, { muted: ['request-waits'] })
  const request = await submitRequest(mina, aSubmission())
  await notifyAll()
  await decide(priya, request)
  await notifyAll()
  expect(await recipientsOf(request.id)).toEqual(['mina@example.com', 'priya@example.com'])
  await setNoticePreferences(sam, { muted: [] })
})

/** Is away from an hour ago until tomorrow. */
const isAway = (actor: PersonActor, delegate: string) =>
  setAbsence(actor, { from: inHours(-1), until: inHours(24), delegate })
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()

test('while someone is away their colleague is notified instead, once, and both may still decide', async () => {
  const before = await submitRequest(mina, aSubmission())
  await addComment(priya, before.id, { text: 'Which pods?', needsInformation: true })
  await notifyAll()
  await isAway(priya, 'sam@example.com')
  // Only Priya talks with Mina.
  await addComment(mina, before.id, { text: 'checkout-7d9' })
  const request = await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(await recipientsOf(request.id)).toEqual(['sam@example.com'])
  const answers = (await mailsAbout(before.id)).filter(({ text }) => text.includes('> checkout-7d9'))
  expect(answers.flatMap(({ to }) => to.map(({ address }) => address))).toEqual(['sam@example.com'])
  const [step] = (await getRequest(mina, request.id)).steps
  expect(step?.eligible).toMatchObject([
    { name: 'Priya Nair', awayUntil: expect.any(String), notifiedInstead: { name: 'Sam Rivera' } },
    { name: 'Sam Rivera', awayUntil: null, notifiedInstead: null },
  ])
  expect((await decide(priya, request)).status).toBe('approved')
  const events = await eventsWhere({ actorId: priya.person.id, type: 'absence.set' })
  expect(events).toMatchObject([{ aboutId: sam.person.id, data: { delegate: 'Sam Rivera' } }])
  await endAbsence(priya)
  const after = await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(await recipientsOf(after.id)).toEqual(['priya@example.com', 'sam@example.com'])
})

/** Why the mail to this address came, in its text and in its HTML. */
async function footersTo(id: string, address: string): Promise<string[]> {
  const mails = (await mailsAbout(id)).filter(({ to }) => to.some((one) => one.address === address))
  return mails.flatMap(({ text, html }) => [text, html]).map((body) => body.slice(body.lastIndexOf('You receive this')))
}

test('a mail to a colleague says who is out of office and until when, and any other mail does not', async () => {
  const asked = await submitRequest(mina, aSubmission())
  await addComment(priya, asked.id, { text: 'Which pods?' })
  await notifyAll()
  const untilWhen = inHours(24)
  await setAbsence(priya, { from: inHours(-1), until: untilWhen, delegate: 'sam@example.com' })
  await addComment(mina, asked.id, { text: 'checkout-7d9' })
  const request = await submitRequest(mina, aSubmission())
  await notifyAll()
  const away = `Priya Nair is out of office until ${exactTime(untilWhen)} UTC.`
  for (const footer of (await footersTo(asked.id, 'sam@example.com')).slice(-2))
    expect(footer).toContain(`You receive this because ${away}`)
  // Sam may decide this one too.
  const footers = await footersTo(request.id, 'sam@example.com')
  expect(footers).toHaveLength(2)
  for (const footer of footers) {
    expect(footer).toContain(`because of your role in this request, and because ${away}`)
    expect(footer).not.toContain('priya@example.com')
  }
  await decide(sam, request)
  await endAbsence(priya)
  await notifyAll()
  for (const footer of await footersTo(request.id, 'mina@example.com')) expect(footer).not.toContain('office')
})

test('a hostile name of someone who is out of office adds no markup, no line and no invisible character to the mail', async () => {
  const name = '<img src=x onerror=alert(1)>\r\nhttps://evil.example\u202Ex'
  const eve = await anActor({ name, email: 'eve.away@example.com', groups: ['payments-leads'] })
  await isAway(eve, 'sam@example.com')
  const { id } = await submitRequest(mina, aSubmission())
  await notifyAll()
  const [text = '', html = ''] = await footersTo(id, 'sam@example.com')
  expect(text).toContain('and because <img src=x onerror=alert(1)>')
  expect(text).toContain('[U+202E]')
  expect(text).not.toMatch(/^https:/m)
  expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;')
  expect(html).not.toMatch(/<img|\u202E/)
  await endAbsence(eve)
  await isNowIn(eve.person, [])
})

/** Writes the notices that are due, and sends none of them. */
const spreadOnly = async () => {
  while ((await spreadOutbox(new Set(['email']))) > 0);
}
const waitingFor = async (id: string) =>
  (await noticesWhere({ where: { requestId: id, outcome: null } })).map(({ recipient }) => recipient)

test('a mail that was meant for a colleague goes to the person themselves if their absence ends before it is sent', async () => {
  const request = await submitRequest(mina, aSubmission())
  await addComment(priya, request.id, { text: 'Which pods?' })
  await notifyAll()
  await isAway(priya, 'sam@example.com')
  await addComment(mina, request.id, { text: 'checkout-7d9' })
  await spreadOnly()
  expect(await waitingFor(request.id)).toEqual([sam.person.id])
  await endAbsence(priya)
  await notifyAll()
  const answers = (await mailsAbout(request.id)).filter(({ text }) => text.includes('> checkout-7d9'))
  expect(answers.flatMap(({ to }) => to.map(({ address }) => address))).toEqual(['priya@example.com'])
  expect(answers[0]?.text).not.toContain('out of office')
})

test('a mail that was meant for a colleague goes to the person who is away if the colleague may no longer know it', async () => {
  const request = await submitRequest(mina, aSubmission())
  await notifyAll()
  await isAway(priya, 'sam@example.com')
  await withdrawRequest(mina, request.id)
  await spreadOnly()
  expect(await waitingFor(request.id)).toEqual([sam.person.id])
  await isNowIn(sam.person, [])
  await notifyAll()
  const told = (await mailsAbout(request.id)).filter(({ text }) => text.includes('was withdrawn'))
  expect(told.flatMap(({ to }) => to.map(({ address }) => address))).toEqual(['priya@example.com'])
  await isNowIn(sam.person, ['payments-leads'])
  await endAbsence(priya)
})

test('no delegate is notified of what they may not know, and then the person who is away is', async () => {
  const leo = await anActor({ name: 'Leo', email: 'leo@example.com', groups: ['payments-dev', 'payments-leads'] })
  const cara = await anActor({ name: 'Cara', email: 'cara@example.com', groups: ['operations'] })
  const guard = await anActor({ name: 'Guard', email: 'guard@example.com', groups: ['operations', 'guards'] })
  const watch = await anActor({ name: 'Watch', email: 'watch@example.com', groups: ['guards'] })
  const recipients = async (actor: PersonActor, entitlement: string) => {
    const { id } = await submitRequest(actor, aSubmission({ entitlement }))
    await notifyAll()
    return recipientsOf(id)
  }
  // The requester is no one's delegate for their own request.
  await isAway(priya, 'leo@example.com')
  expect(await recipients(leo, 'payments-restart')).toEqual(['priya@example.com', 'sam@example.com'])
  expect(await recipients(mina, 'payments-restart')).toEqual(['leo@example.com', 'sam@example.com'])
  // Nor is someone who is away too, or who wants no such notices.
  await isAway(leo, 'sam@example.com')
  expect(await recipients(mina, 'payments-restart')).toEqual(['priya@example.com', 'sam@example.com'])
  await endAbsence(leo)
  await setNoticePreferences(leo, { muted: ['request-waits'] })
  expect(await recipients(mina, 'payments-restart')).toEqual(['priya@example.com', 'sam@example.com'])
  await endAbsence(priya)
  await isNowIn(leo.person, [])
  // A colleague who may not decide the request is not told of it.
  await isAway(guard, 'watch@example.com')
  expect(await recipients(mina, 'guarded')).toEqual(['cara@example.com', 'guard@example.com'])
  for (const { person } of [cara, guard, watch]) await isNowIn(person, [])
})

test('an absence is one future period and names one colleague who is in a group of the person', async () => {
  const email = 'nia@example.com'
  const nia = await anActor({ name: 'Nia', email, groups: ['payments-leads', 'team-of-nia'] })
  await anActor({ name: 'Nia again', email, groups: ['team-of-nia'], subject: 'nia-2' })
  const period = { from: inHours(1), until: inHours(24) }
  const refused = async (changes: Partial<Parameters<typeof setAbsence>[1]>) =>
    (await rejectionOf(setAbsence(nia, { ...period, delegate: 'sam@example.com', ...changes }))).errors?.[0]?.pointer
  expect(await refused({ until: inHours(0.5) })).toBe('/until')
  expect(await refused({ from: inHours(-48), until: inHours(-24) })).toBe('/until')
  expect(await refused({ until: inHours(24 * 500) })).toBe('/until')
  for (const delegate of ['nobody@example.com', 'mina@example.com', email, nia.person.subject, 'nia-2'])
    expect(await refused({ delegate }), delegate).toBe('/delegate')
  expect(await eventsWhere({ actorId: nia.person.id, type: 'absence.set' })).toEqual([])
  await isNowIn(nia.person, [])
})

test('no approver is notified of a request that is handled before its mail is sent', async () => {
  const { id } = await submitRequest(mina, aSubmission())
  await withdrawRequest(mina, id)
  await notifyAll()
  expect(await recipientsOf(id)).toEqual([])
})

test('a transaction that is rolled back notifies no one', async () => {
  const before = await db().outboxEntry.count()
  const failing = transaction(async () => {
    await submitRequest(mina, aSubmission())
    throw new Error('rolled back')
  })
  await expect(failing).rejects.toThrow('rolled back')
  expect(await db().outboxEntry.count()).toBe(before)
})

test('hostile text adds no header, no markup and no invisible character to a mail', async () => {
  const hostile = await anActor({
    name: 'Eve\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>',
    email: 'eve@example.com',
  })
  const reason = [
    'please\u202Eexe.gpj <img src=x onerror=alert(1)> </blockquote><a href="https://evil.example">x</a>',
    '.',
    'Subject: injected',
    '',
    'Approve:',
    'https://evil.example',
  ].join('\r\n')
  const { id } = await submitRequest(hostile, aSubmission({ reason }))
  await notifyAll()
  const mails = await mailsAbout(id)
  expect(await recipientsOf(id)).toEqual(['priya@example.com', 'sam@example.com'])
  for (const { html, text, headers, subject } of mails) {
    expect(Object.keys(headers)).not.toContain('bcc')
    expect(subject).not.toContain('injected')
    expect(html).not.toMatch(/<(script|img)|onerror=alert\(1\)>|href="https:\/\/evil/)
    expect(`${html}${text}${subject}`).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u200B\u200F]/)
    expect(text).toContain('[U+202E]')
    // What they wrote is marked line by line, so that it can't look like Postern's own words.
    expect(text).toContain('> https://evil.example')
    expect(text).not.toMatch(/^https:\/\/evil/m)
  }
  for (const source of await box.sources()) {
    const header = source.slice(0, source.search(/\r?\n\r?\n/))
    expect(header).not.toMatch(/^(bcc|cc):/im)
    expect(header.split(/\r?\n/).every((one) => one.length <= 998)).toBe(true)
  }
})

test('records that Postern did not write send no mail, and neither does a changed address', async () => {
  const forged = await submitRequest(mina, aSubmission())
  await database.asApp(`UPDATE people SET email = 'attacker@example.com' WHERE id = $1`, [sam.person.id])
  await notifyAll()
  expect(await recipientsOf(forged.id)).toEqual(['priya@example.com'])
  await isNowIn(sam.person, ['payments-leads'])
  expect((await box.mails('attacker@example.com')).length).toBe(0)
})

test('a mail server that is down loses nothing: a notice that is given up can be sent again', async () => {
  await box.goDown()
  const { id } = await submitRequest(mina, aSubmission())
  const failed = async () =>
    (await noticesWhere({ where: { requestId: id } })).filter(({ lastError }) => lastError?.includes('ECONNREFUSED'))
  await whileNotifying(() => until('an attempt has failed', async () => (await failed()).length > 0))
  const waiting = await noticesWhere({ where: { requestId: id } })
  expect(waiting.map(({ outcome }) => outcome)).toEqual([null, null])
  // As if the tries of a night had failed, except for the last one.
  await database.asApp(`UPDATE notices SET attempts = 16, next_attempt_at = now() WHERE request_id = $1`, [id])
  await whileNotifying(() =>
    until('one is given up', async () =>
      (await noticesWhere({ where: { requestId: id } })).some(({ outcome }) => outcome === 'dead'),
    ),
  )
  await box.comeUp()
  await database.asApp('UPDATE notices SET next_attempt_at = now() WHERE outcome IS NULL')
  const ola = await anActor({ name: 'Ola Nowak', roles: ['admin'] })
  expect((await sendNoticesAgain(ola, { channel: 'email' })).count).toBeGreaterThan(0)
  await notifyAll()
  expect(await recipientsOf(id)).toEqual(['priya@example.com', 'sam@example.com'])
})

test('a worker that is killed between sending and recording loses no mail, and a repeated one has the same Message-ID', async () => {
  const { id } = await submitRequest(mina, aSubmission())
  const recording = { write: 'BEFORE UPDATE ON notices', when: `NEW.outcome = 'sent'` }
  await killedWhileWriting(database, 'notifier', recording, async () => (await recipientsOf(id)).length === 2)
  expect((await noticesWhere({ where: { requestId: id } })).map(({ outcome }) => outcome)).toEqual([null, null])
  // The killed worker's leases run out now instead of in a minute and a half.
  await database.asApp('UPDATE notices SET lease_until = now() WHERE lease_until IS NOT NULL')
  await notifyAll()
  await until('both are sent again', async () => (await recipientsOf(id)).length === 4)
  const ids = (await mailsAbout(id)).map(({ messageId }) => messageId)
  expect(new Set(ids).size).toBe(2)
})

test('break-glass access is announced to those who were not asked and to security, and its review to its holder', async () => {
  await anActor({ name: 'Sol Reyes', email: 'sol@example.com', groups: ['security-audit'] })
  const reason = 'checkout is down for everyone and no one answers'
  const { id } = await submitRequest(mina, aSubmission({ entitlement: 'break-glass', reason }))
  await notifyAll()
  expect(await recipientsOf(id)).toEqual(['priya@example.com', 'sam@example.com', 'sol@example.com'])
  const to = async (address: string) =>
    (await mailsAbout(id)).filter((one) => one.to.some((to) => to.address === address))
  const [mail] = await to('sol@example.com')
  expect(mail?.text).toContain('Mina Okafor uses break-glass access')
  expect(mail?.text).toContain(`> ${reason}`)
  const grant = await db().grant.findUniqueOrThrow({ where: { requestId: id } })
  await bringGrant(grant.id, 'ended', { endedBy: 'release' })
  await reviewRequest(priya, id, { outcome: 'not-justified', note: 'the alert was a test' })
  await notifyAll()
  const last = (await to('mina@example.com')).find(({ text }) => text.includes('reviewed'))
  expect(last?.text).toContain('as not justified')
  expect(last?.text).toContain('> the alert was a test')
})

test('admins and auditors are notified of a suspicious call with a grant, and its holder is not', async () => {
  await anActor({ name: 'Ada', email: 'ada@example.com', groups: ['platform-admins'] })
  await anActor({ name: 'Ines', email: 'ines@example.com', groups: ['security-audit'] })
  const grant = await aGrant({ holder: mina.person, status: 'active' })
  const user = { ...userOfGrant(grant.id, 'minted-elsewhere'), username: 'mallory\r\nBcc: everyone@example.com' }
  const impersonated = anAuditEvent({ user, impersonatedUser: userOfGrant(grant.id, 'any') })
  await saveAuditEvents(aSystemActor('activity'), 'prod-eu', [impersonated])
  await notifyAll()
  const mails = (await mailsAbout(grant.requestId)).filter(({ text }) => text.includes('suspicious'))
  const told = mails.flatMap(({ to }) => to.map(({ address }) => address))
  expect(told).toEqual(expect.arrayContaining(['ada@example.com', 'ines@example.com']))
  for (const other of ['mina@example.com', 'priya@example.com']) expect(told).not.toContain(other)
  const [mail] = mails
  expect(mail?.text).toContain('A suspicious call was made with the access of Mina Okafor')
  expect(mail?.text).toContain('mallory[U+000D] Bcc: everyone@example.com acted as the account of this access.')
  expect(mail?.text).toContain('you are an auditor or admin of Postern')
})
