import { afterAll, beforeEach, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { type JudgedFinding, postureBasis, savePosture } from '#lib/adapters/db/clusters/posture'
import { contentHash } from '#lib/core/access/content-hash'
import type { AcceptanceInput } from '#lib/core/access/posture-finding'
import { getPosture } from '#lib/views/get-posture'
import { anAuditEvent } from '#testing/audit-events'
import { testBench } from '#testing/bench'
import { aConfiguration } from '#testing/configuration'
import { mailbox } from '#testing/mailbox'
import { noticesWhere, notifyAll } from '#testing/notices'
import { anActor, aSystemActor } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { acceptPostureFinding } from './accept-posture-finding.ts'
import { saveAuditEvents } from './save-audit-events.ts'
import { takePostureBaseline } from './take-posture-baseline.ts'
import { withdrawPostureAcceptance } from './withdraw-posture-acceptance.ts'

const box = await mailbox()
const { database } = await testBench({
  configuration: aConfiguration({
    publicUrl: 'https://postern.example.com',
    roles: { admin: { groups: ['platform'] }, auditor: { groups: ['audit'] } },
    notifications: { email: { server: box.smtp, from: 'postern@example.com' } },
  }),
})
afterAll(box.stop)

const admin = await anActor({ name: 'Ola', email: 'ola@example.com', groups: ['platform'], roles: ['admin'] })
const auditor = await anActor({ name: 'Ines', email: 'ines@example.com', groups: ['audit'], roles: ['auditor'] })
const engineer = await anActor({ name: 'Mina', email: 'mina@example.com' })

const aFinding = (name: string, overrides: Partial<JudgedFinding['finding']> = {}): JudgedFinding => {
  const finding = {
    ...{ check: 'everything', severity: 'high' as const, subjects: ['User eve'], moreSubjects: 0, because: ['* *'] },
    ...{ binding: { kind: 'ClusterRoleBinding' as const, namespace: '', name }, sentence: 's', path: [], fix: [] },
    role: { kind: 'ClusterRole', name: 'cluster-admin' },
    ...overrides,
  }
  return { key: name, digest: contentHash(finding.subjects), suppressed: null, finding }
}
const noStanding = { access: [], count: 0 }
let count = 0
const judge = (...findings: JudgedFinding[]) => {
  count += 1
  return savePosture(aSystemActor(), 'prod-eu', { basis: String(count), findings, own: [], standing: noStanding })
}
const now = () => getPosture(auditor, 'prod-eu')
const openOf = async (name: string) => (await now()).open.find(({ binding }) => binding.name === name)
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000)
const acceptance = (digest: string, overrides: Partial<AcceptanceInput> = {}): AcceptanceInput => ({
  ...{ digest, reason: 'the installer needs it', owner: 'platform', until: inDays(30) },
  ...overrides,
})
const events = async (type: string) =>
  (await db().auditEvent.findMany({ where: { type }, orderBy: { seq: 'asc' }, select: { data: true } })).map(
    ({ data }) => data as Record<string, unknown>,
  )
/** Each test begins with one known finding. */
beforeEach(() => judge(aFinding('known')))

async function accepted(name: string, overrides: Partial<AcceptanceInput> = {}) {
  await judge(aFinding('known'), aFinding(name))
  const found = await openOf(name)
  if (!found) throw new Error(`${name} is not open`)
  return { ...found, by: await acceptPostureFinding(admin, 'prod-eu', found.id, acceptance(found.digest, overrides)) }
}

test('an accepted finding is counted and listed apart, with who accepted it and why', async () => {
  const { id, by } = await accepted('installer')
  const posture = await now()
  expect(posture.open.map((one) => one.id)).not.toContain(id)
  expect(posture.accepted).toMatchObject([{ id, acceptance: { by: 'Ola', owner: 'platform', until: by.until } }])
  expect(posture.acceptedCount).toBe(1)
  expect((await events('posture.accepted')).at(-1)).toMatchObject({ id, reason: 'the installer needs it' })
})

test('an acceptance whose end has passed comes back at the next reading, with an event and a notice', async () => {
  const { id } = await accepted('expiring')
  const basis = String(count)
  expect(await postureBasis('prod-eu')).toBe(basis)
  await database.asOwner(`UPDATE posture_findings SET accepted_until = now() - interval '1 second' WHERE id = '${id}'`)
  // The page shows it as open even before the worker has read again, and the worker judges although nothing changed.
  expect(await openOf('expiring')).toMatchObject({ id })
  expect(await postureBasis('prod-eu')).toBeNull()
  await judge(aFinding('known'), aFinding('expiring'))
  expect(await openOf('expiring')).toMatchObject({ id, acceptance: null })
  expect((await events('posture.acceptance-ended')).at(-1)).toMatchObject({ id, cause: 'expired' })
  expect((await events('posture.worsened')).at(-1)).toEqual({ count: 1, ids: [id] })
})

test('an admin withdraws an acceptance with a note, and the finding is open again at once', async () => {
  const { id } = await accepted('withdrawn')
  const withdraw = (actor: typeof admin, of = id) =>
    withdrawPostureAcceptance(actor, 'prod-eu', of, { note: 'no longer used' })
  for (const [actor, code] of [
    [engineer, 'not-found'],
    [auditor, 'forbidden'],
  ] as const)
    expect(await rejectionOf(withdraw(actor))).toMatchObject({ code })
  expect(await openOf('withdrawn')).toBeUndefined()
  expect(await withdraw(admin)).toMatchObject({ by: 'Ola' })
  expect(await openOf('withdrawn')).toMatchObject({ id, acceptance: null })
  const binding = 'ClusterRoleBinding withdrawn'
  expect((await events('posture.acceptance-withdrawn')).at(-1)).toMatchObject({ id, binding, note: 'no longer used' })
  expect(await rejectionOf(withdraw(admin))).toMatchObject({ code: 'conflict' })
  const refused = (await events('posture.withdraw-refused')).filter((data) => data.id === id)
  expect(refused.map(({ code }) => code)).toEqual(['not-found', 'forbidden', 'conflict'])
  // The worker ends nothing a second time.
  await judge(aFinding('known'), aFinding('withdrawn'))
  expect((await events('posture.acceptance-ended')).filter((data) => data.id === id)).toEqual([])
})

test('an acceptance ends when someone else joins the binding', async () => {
  const { id } = await accepted('shared')
  await judge(aFinding('known'), aFinding('shared', { subjects: ['User eve', 'User mallory'] }))
  expect(await openOf('shared')).toMatchObject({ id, acceptance: null, isNew: true })
  expect((await events('posture.acceptance-ended')).at(-1)).toMatchObject({ id, cause: 'changed' })
  expect((await events('posture.changed')).at(-1)).toMatchObject({ id, subjects: ['User eve', 'User mallory'] })
})

test('more findings than are stored push out none that is known, are counted, and people are notified of them', async () => {
  const [crowd, later] = [['crowd-1', 'crowd-2', 'crowd-3'].map((name) => aFinding(name)), aFinding('later')]
  const suppressed = { ...aFinding('a-suppressed'), suppressed: 'by postern.yaml' }
  const judgeFour = async (...findings: JudgedFinding[]) => {
    count += 1
    await savePosture(aSystemActor(), 'prod-eu', { basis: String(count), findings, own: [], standing: noStanding }, 4)
  }
  const known = await openOf('known')
  await judgeFour(suppressed, ...crowd, aFinding('known'))
  expect(await now()).toMatchObject({ suppressedCount: 0, leftOutCount: 1, openCount: { high: 4 } })
  await judgeFour(later, suppressed, ...crowd, aFinding('known'))
  expect(await now()).toMatchObject({ leftOutCount: 2, openCount: { high: 4 } })
  expect(await openOf('known')).toMatchObject({ id: known?.id })
  expect((await events('posture.worsened')).at(-1)).toEqual({ count: 1, ids: [] })
  const before = await events('posture.worsened')
  await judgeFour(later, suppressed, ...crowd, aFinding('known'))
  expect(await events('posture.worsened'), 'said once').toHaveLength(before.length)
  await notifyAll()
  expect((await box.mails()).map(({ text }) => text).join()).toContain('1 new high risk of standing access')
  await judge(aFinding('known'))
  expect((await now()).leftOutCount).toBe(0)
})

test('no one accepts what they have not seen', async () => {
  await judge(aFinding('known'), aFinding('moving'))
  const { id = '', digest = '' } = (await openOf('moving')) ?? {}
  await judge(aFinding('known'), aFinding('moving', { subjects: ['User eve', 'User mallory'] }))
  expect(await rejectionOf(acceptPostureFinding(admin, 'prod-eu', id, acceptance(digest)))).toMatchObject({
    code: 'digest-mismatch',
  })
})

test.each([
  [-1, 'must be in the future'],
  [91, 'must be no later than'],
])('an acceptance that ends in %s days is refused: it %s', async (days, message) => {
  await judge(aFinding('known'), aFinding('long'))
  const { id = '', digest = '' } = (await openOf('long')) ?? {}
  const refusal = await rejectionOf(
    acceptPostureFinding(admin, 'prod-eu', id, acceptance(digest, { until: inDays(days) })),
  )
  expect(refusal).toMatchObject({
    code: 'invalid',
    errors: [{ pointer: '/until', message: expect.stringContaining(message) }],
  })
  expect(await openOf('long')).toMatchObject({ acceptance: null })
})

test('only admins accept a risk or take a baseline, and every other attempt is recorded', async () => {
  await judge(aFinding('known'), aFinding('kept'))
  const { id = '', digest = '' } = (await openOf('kept')) ?? {}
  const { judgedAt } = await now()
  const baseline = { judgedAt: new Date(judgedAt ?? '') }
  for (const [actor, code] of [
    [auditor, 'forbidden'],
    [engineer, 'not-found'],
  ] as const) {
    expect(await rejectionOf(acceptPostureFinding(actor, 'prod-eu', id, acceptance(digest)))).toMatchObject({ code })
    expect((await events('posture.accept-refused')).at(-1)).toMatchObject({ code, id })
    expect(await rejectionOf(takePostureBaseline(actor, 'prod-eu', baseline))).toMatchObject({ code })
    expect((await events('posture.baseline-refused')).at(-1)).toMatchObject({ code })
  }
  expect(await rejectionOf(acceptPostureFinding(admin, 'nowhere', id, acceptance(digest)))).toMatchObject({
    code: 'not-found',
  })
})

test('a baseline covers what its admin saw, and nothing that was found since', async () => {
  await judge(aFinding('known'), aFinding('old'))
  const seen = await now()
  expect(seen.open.find(({ binding }) => binding.name === 'old')).toMatchObject({ isNew: true })
  await judge(aFinding('known'), aFinding('old'), aFinding('later'))
  await takePostureBaseline(admin, 'prod-eu', { judgedAt: new Date(seen.judgedAt ?? '') })
  const after = await now()
  expect(after.baseline).toEqual({ at: seen.judgedAt, by: 'Ola' })
  expect(after.newHighCount).toBe(1)
  expect(await openOf('old')).toMatchObject({ isNew: false })
  expect(await openOf('later')).toMatchObject({ isNew: true })
  expect((await events('posture.baseline-taken')).at(-1)).toMatchObject({ judgedAt: seen.judgedAt })
})

test('a baseline of a time at which nothing was read, or before the present one, is refused', async () => {
  for (const judgedAt of [inDays(1), inDays(-1)])
    expect(await rejectionOf(takePostureBaseline(admin, 'prod-eu', { judgedAt }))).toMatchObject({ code: 'conflict' })
})

test('a suppressed finding is counted and listed apart, and no one is notified of it', async () => {
  const before = (await events('posture.worsened')).length
  await judge(aFinding('known'), { ...aFinding('sandbox'), suppressed: 'a sandbox' })
  const posture = await now()
  expect(posture.suppressed).toMatchObject([{ binding: { name: 'sandbox' }, suppressed: 'a sandbox' }])
  expect(posture.suppressedCount).toBe(1)
  expect(await events('posture.worsened')).toHaveLength(before)
  // It counts as new once postern.yaml no longer suppresses it.
  await judge(aFinding('known'), aFinding('sandbox'))
  expect(await events('posture.worsened')).toHaveLength(before + 1)
})

test('admins and auditors receive one mail for all new high findings of a reading, with the chain of each', async () => {
  await notifyAll()
  await judge(aFinding('known'), aFinding('helper'), aFinding('other', { subjects: ['Group x y', 'User z'] }))
  await notifyAll()
  const notices = await noticesWhere({ where: { kind: 'posture-worsened', outcome: 'sent' } })
  const latest = notices.filter(({ eventId }) => eventId === notices.at(-1)?.eventId)
  expect(latest.map(({ recipient }) => recipient).sort()).toEqual([admin.person.id, auditor.person.id].sort())
  const mails = (await box.mails()).filter(({ text }) => text.includes('ClusterRoleBinding helper'))
  expect(mails).toHaveLength(2)
  const [mail] = mails
  expect(mail?.subject).toContain('Standing access on prod-eu')
  expect(mail?.text).toContain('2 new high risks of standing access on prod-eu')
  expect(mail?.text).toContain('User eve → ClusterRoleBinding helper → ClusterRole cluster-admin')
  expect(mail?.text).toContain('https://postern.example.com/clusters/prod-eu/posture')
  // A name is one word; a sentence in its place is not shown.
  expect(mail?.text).not.toContain('x y')
})

test('a notice is dropped when the access is gone before it is sent', async () => {
  await notifyAll()
  await judge(aFinding('known'), aFinding('short-lived'))
  const { id } = await db().auditEvent.findFirstOrThrow({
    where: { type: 'posture.worsened' },
    orderBy: { seq: 'desc' },
    select: { id: true },
  })
  await judge(aFinding('known'))
  await notifyAll()
  const sent = await noticesWhere({ where: { eventId: id, outcome: 'sent' } })
  expect(sent).toEqual([])
})

test('standing access shows who has used it, as far as the audit events of the cluster tell', async () => {
  const held = {
    ...{ namespace: 'payments', role: { kind: 'Role', name: 'db' }, severity: 'high' as const },
    ...{ isReported: true, exceeding: [], outlives: [] },
    ...{ people: ['oidc:priya', 'oidc:tomas', 'oidc:mina'], morePeople: 0, groups: [], moreGroups: 0 },
    bindings: [{ kind: 'RoleBinding' as const, name: 'team', isShared: false }],
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
  }
  const standing = { access: [held, { ...held, namespace: '', role: { kind: 'ClusterRole', name: 'db' } }], count: 3 }
  await savePosture(aSystemActor(), 'prod-eu', { basis: 'standing', findings: [], own: [], standing })
  const shown = async () => (await now()).standing
  expect((await now()).standingCount).toBe(3)
  expect((await shown()).map(({ unusedCount }) => unusedCount)).toEqual([null, null])

  const call = (at: string, username: string, namespace: string, code = 200) =>
    anAuditEvent({
      ...{ verb: 'get', user: { username }, responseStatus: { code }, requestURI: `/api/v1/${namespace}/${at}` },
      ...{ objectRef: { resource: 'secrets', namespace, name: 'db' }, stageTimestamp: `${at}.000000Z` },
      requestReceivedTimestamp: `${at}.000000Z`,
    })
  await saveAuditEvents(aSystemActor(), 'prod-eu', [
    call('2025-01-01T00:00:00', 'oidc:tomas', 'payments'),
    call('2025-03-01T00:00:00', 'oidc:tomas', 'payments', 403),
    call('2025-03-02T00:00:00', 'oidc:mina', 'search'),
    call('2025-03-03T00:00:00', 'oidc:priya', 'payments'),
  ])
  const [inPayments, everywhere] = await shown()
  expect(inPayments?.people).toEqual([
    { name: 'oidc:priya', lastCallAt: '2025-03-03T00:00:00.000Z' },
    { name: 'oidc:tomas', lastCallAt: null },
    { name: 'oidc:mina', lastCallAt: null },
  ])
  expect([inPayments?.unusedCount, everywhere?.unusedCount]).toEqual([2, 1])
  expect(inPayments?.sentence).toContain('2 have not used it in the 30 days before 2025-03-03')
  expect(inPayments?.suggestion).toContain('name: payments-db')
  expect(inPayments?.whyNotSuggested).toBeNull()
  expect(inPayments?.remove).toEqual(['kubectl delete rolebinding/team --namespace payments'])
})
