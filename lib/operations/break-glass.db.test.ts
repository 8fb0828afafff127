import { describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { readGauges } from '#lib/adapters/db/gauges'
import type { PersonActor } from '#lib/core/access/actor'
import type { BreakGlassUseResource } from '#lib/core/access/review'
import { attention } from '#lib/views/attention'
import { getRequest } from '#lib/views/get-request'
import { listReviews } from '#lib/views/list-reviews'
import { report } from '#lib/views/report'
import { testBench } from '#testing/bench'
import { aConfiguration, aGuardrail, anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { eventsWhere } from '#testing/events'
import { anActor, companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aGrant, aRequest, aSubmission, bringGrant } from '#testing/requests'
import { reviewRequest } from './review-request.ts'
import { revokeGrant } from './revoke-grant.ts'
import { submitRequest } from './submit-request.ts'

const breakGlass = { usesPerWeek: 2, security: ['security-audit'] }
const entitlement = anEntitlementDocument({ name: 'break-glass', breakGlass })
const configuration = aConfiguration({ entitlements: [entitlement] })
const { policy } = await testBench({ configuration })
const { priya, ines } = await companyActors('priya', 'ines')
const security = () => anActor({ groups: ['security-audit'] })

const reason = 'checkout is down for everyone and the person on call does not answer'
const use = (actor: PersonActor) => submitRequest(actor, aSubmission({ entitlement: 'break-glass', reason }))
const grantOf = (requestId: string) => db().grant.findUniqueOrThrow({ where: { requestId } })
const codesOf = async (actorId: string, type: 'request.refused' | 'review.refused') =>
  (await eventsWhere({ actorId, type })).map(({ data }) => (data as { code: string }).code)

/** Break-glass access that has ended. */
async function aUse(actor: PersonActor) {
  const { id } = await use(actor)
  await bringGrant((await grantOf(id)).id, 'ended', { endedBy: 'release' })
  return id
}

/** Break-glass access of last week that no one has reviewed in time. */
async function anOverdueUse({ person: requester }: PersonActor, approvers = 'payments-leads') {
  const createdAt = new Date(Date.now() - 8 * 86_400_000)
  const reviewDueAt = new Date(Date.now() - 60_000)
  const approvals = [{ groups: [approvers], count: 1 }]
  const terms = { entitlement: anEntitlement({ name: 'break-glass', breakGlass, approvals }), steps: [], reason }
  const request = await aRequest({ ...terms, requester, createdAt, reviewDueAt, status: 'approved' })
  await aGrant({ request, status: 'ended', endedBy: 'release' })
  return request.id
}

describe('break-glass access', () => {
  test('break-glass access begins without an approval, and records that and when its review is due', async () => {
    const mina = await anActor()
    const { id, status } = await use(mina)
    expect(status).toBe('approved')
    const row = await db().request.findUniqueOrThrow({ where: { id } })
    expect(row.steps).toEqual([])
    expect(row.approverGroups).toEqual(['payments-leads', 'security-audit'])
    expect(row.reviewDueAt?.getTime()).toBe(row.createdAt.getTime() + (1800 + 3 * 86_400) * 1000)
    const [event] = await eventsWhere({ requestId: id, type: 'request.approved' })
    expect(event?.data).toMatchObject({ automatic: true, reviewDueAt: row.reviewDueAt?.toISOString() })
    expect(await grantOf(id)).toMatchObject({ status: 'pending' })
  })
  test('break-glass access needs a longer reason than other access', async () => {
    const short = aSubmission({ entitlement: 'break-glass', reason: 'checkout is down' })
    const { errors } = await rejectionOf(submitRequest(await anActor(), short))
    expect(errors).toMatchObject([{ pointer: '/reason' }])
  })
  test('break-glass access begins at once or not at all', async () => {
    const later = aSubmission({ entitlement: 'break-glass', reason, startsAt: new Date(Date.now() + 3_600_000) })
    expect((await rejectionOf(submitRequest(await anActor(), later))).errors).toMatchObject([{ pointer: '/startsAt' }])
  })
  test('break-glass access waits for people where a guardrail requires them, and is then not reviewed', async () => {
    const guardrails = [aGuardrail({ effect: 'require', require: { approvers: 1 } })]
    await policy.change({ ...configuration, guardrails })
    const { id, status } = await use(await anActor())
    expect(status).toBe('pending')
    expect(await db().request.findUniqueOrThrow({ where: { id } })).toMatchObject({
      ...{ reviewDueAt: null, steps: [{ groups: ['payments-leads'], count: 1 }] },
    })
  })
  test('break-glass access is refused where a guardrail denies it', async () => {
    await policy.change({ ...configuration, guardrails: [aGuardrail({ effect: 'deny' })] })
    expect((await rejectionOf(use(await anActor()))).code).toBe('guardrail-violation')
  })
  test('break-glass access can be ended by those who were not asked, and by security', async () => {
    for (const actor of [priya, await security()]) {
      const { id } = await use(await anActor())
      expect(await revokeGrant(actor, (await grantOf(id)).id, { reason: 'not now' })).toEqual({ status: 'ending' })
    }
  })
  test('break-glass access can be used so many times a week, under all accounts of a person together', async () => {
    const mina = await anActor()
    const alias = await anActor({ email: mina.person.email, groups: ['payments-dev'] })
    await use(mina)
    await use(alias)
    for (const actor of [mina, alias]) await rejectionOf(use(actor))
    expect(await codesOf(mina.person.id, 'request.refused')).toEqual(['break-glass-too-often'])
    expect(await codesOf(alias.person.id, 'request.refused')).toEqual(['break-glass-too-often'])
  })
  test('accounts of one person that use break-glass access at the same moment do not use it more often', async () => {
    const mina = await anActor()
    const { email } = mina.person
    const aliases = await Promise.all(Array.from({ length: 5 }, () => anActor({ email, groups: ['payments-dev'] })))
    const uses = await Promise.allSettled([mina, ...aliases].map(use))
    expect(uses.filter(({ status }) => status === 'fulfilled')).toHaveLength(breakGlass.usesPerWeek)
  })
  test('break-glass access is announced to the people of its steps and to security, by the statement that approves it', async () => {
    const { id } = await use(await anActor())
    const kinds = async () =>
      (await db().outboxEntry.findMany({ where: { requestId: id } })).map(({ kind }) => kind).sort()
    expect(await kinds()).toContain('break-glass-used')
    expect(await kinds()).not.toContain('review-due')
  })
  test('break-glass access is on every page of its holder, of the people of its steps and of auditors, for as long as it runs', async () => {
    const mina = await anActor()
    const { id } = await use(mina)
    const isShown = async (actor: PersonActor) =>
      (await attention(actor)).some(({ kind, href }) => kind === 'break-glass' && href === `/requests/${id}`)
    for (const actor of [mina, priya, await security(), ines]) expect(await isShown(actor)).toBe(true)
    expect(await isShown(await anActor())).toBe(false)
    await bringGrant((await grantOf(id)).id, 'ended', { endedBy: 'release' })
    for (const actor of [mina, priya, ines]) expect(await isShown(actor)).toBe(false)
  })
})

describe('the review', () => {
  const justified = { outcome: 'justified', note: 'the audit log fits the reason' } as const

  test('the review of break-glass access is recorded once, with its reviewer and a signature', async () => {
    const id = await aUse(await anActor())
    expect((await getRequest(priya, id)).mayReview).toEqual({ may: true })
    expect(await reviewRequest(priya, id, justified)).toEqual({ outcome: 'justified' })
    const { review, mayReview } = await getRequest(ines, id)
    expect(review).toMatchObject({ ...justified, person: { id: priya.person.id } })
    expect(mayReview.may).toBe(false)
    expect((await db().review.findFirstOrThrow({ where: { requestId: id } })).signature).toMatch(/^v1\./)
    const [event] = await eventsWhere({ requestId: id, type: 'review.recorded' })
    expect(event).toMatchObject({ actorId: priya.person.id, data: justified })
    expect((await rejectionOf(reviewRequest(ines, id, justified))).code).toBe('conflict')
  })
  test('the review of break-glass access of one’s own access is refused and recorded, and the database refuses it too', async () => {
    const lead = await anActor({ groups: ['payments-dev', 'payments-leads'] })
    const id = await aUse(lead)
    expect((await rejectionOf(reviewRequest(lead, id, justified))).code).toBe('forbidden')
    expect(await codesOf(lead.person.id, 'review.refused')).toEqual(['own-request'])
    const data = { requestId: id, personId: lead.person.id, ...justified, groups: [] }
    await expect(db().review.create({ data })).rejects.toThrow(/someone other than its holder/)
  })
  test('the review of break-glass access does not exist for people who may not see the request', async () => {
    const id = await aUse(await anActor())
    expect((await rejectionOf(reviewRequest(await anActor(), id, justified))).code).toBe('not-found')
  })
  test('the review of break-glass access waits until the access has ended', async () => {
    const { id } = await use(await anActor())
    expect((await rejectionOf(reviewRequest(priya, id, justified))).code).toBe('conflict')
  })
  test('the review of break-glass access that is overdue keeps the person from using it again until it is recorded', async () => {
    const mina = await anActor()
    const id = await anOverdueUse(mina)
    await rejectionOf(use(mina))
    expect(await codesOf(mina.person.id, 'request.refused')).toEqual(['break-glass-review-overdue'])
    await reviewRequest(priya, id, { outcome: 'not-justified', note: 'nothing was broken' })
    expect((await use(mina)).status).toBe('approved')
  })
  test('the review of break-glass access that Postern did not write does not count', async () => {
    const mina = await anActor()
    const id = await anOverdueUse(mina)
    const data = { requestId: id, personId: priya.person.id, ...justified, groups: [], signature: null }
    await db().review.create({ data })
    expect((await getRequest(priya, id)).review, 'and is not shown').toBeNull()
    await rejectionOf(use(mina))
    expect(await codesOf(mina.person.id, 'request.refused')).toEqual(['break-glass-review-overdue'])
  })
  test('the review of break-glass access that Postern did not write hides nothing, and leaves room for the real one', async () => {
    const mina = await anActor()
    const onlyHere = await anActor({ groups: ['only-of-this-test'] })
    const id = await anOverdueUse(mina, 'only-of-this-test')
    const count = async () => {
      const { reviewsOpen, reviewsOverdue } = await readGauges()
      const { breakGlass } = await report(ines, '90')
      return [reviewsOpen, reviewsOverdue, breakGlass.reduce((sum, { justified }) => sum + justified, 0)]
    }
    const isDue = async () =>
      (await attention(onlyHere)).some(({ kind, href }) => kind === 'review-due' && href === `/requests/${id}`)
    const before = await count()
    const data = { requestId: id, personId: onlyHere.person.id, ...justified, groups: [], signature: 'v1.forged' }
    await db().review.create({ data })
    await db().review.create({ data: { ...data, signature: null } })
    expect(await count()).toEqual(before)
    expect(await isDue()).toBe(true)
    expect((await getRequest(onlyHere, id)).mayReview).toEqual({ may: true })
    expect(await reviewRequest(onlyHere, id, justified)).toEqual({ outcome: 'justified' })
    expect((await getRequest(ines, id)).review).toMatchObject({ person: { id: onlyHere.person.id } })
    expect((await rejectionOf(reviewRequest(ines, id, justified))).code).toBe('conflict')
    const [open = 0, overdue = 0, counted = 0] = before
    expect(await count()).toEqual([open - 1, overdue - 1, counted + 1])
    expect(await isDue()).toBe(false)
  })
  test('the review of break-glass access cannot be changed or deleted', async () => {
    const id = await aUse(await anActor())
    await reviewRequest(priya, id, justified)
    const where = { id: (await db().review.findFirstOrThrow({ where: { requestId: id } })).id }
    await expect(db().review.update({ where, data: { outcome: 'not-justified' } })).rejects.toThrow()
    await expect(db().review.delete({ where })).rejects.toThrow()
  })
})

describe('the list of reviews', () => {
  const inOrder = async (actor: PersonActor, state: 'open' | 'reviewed', limit?: number) => {
    const found: BreakGlassUseResource[] = []
    for (let cursor: string | undefined; ; ) {
      const page = await listReviews(actor, { state, cursor, limit })
      found.push(...page.items)
      if (page.nextCursor === null) return found
      cursor = page.nextCursor
    }
  }
  const note = 'the audit log fits the reason'

  test('the list of reviews has every use once, open ones oldest first and reviewed ones newest first, however small its pages are', async () => {
    const group = 'leads-of-pages'
    const lead = await anActor({ groups: [group] })
    const ids: string[] = []
    for (let index = 0; index < 8; index += 1) ids.push(await anOverdueUse(await anActor(), group))
    // The first page of open ones is behind more reviewed ones than one statement reads.
    const [first, ...others] = [...ids].sort()
    const reviewed = others.slice(0, 5)
    for (const id of reviewed) await reviewRequest(lead, id, { outcome: 'justified', note })
    const open = [first, ...others.slice(5)]
    for (const limit of [1, 3, 50]) {
      expect((await inOrder(lead, 'open', limit)).map(({ requestId }) => requestId)).toEqual(open)
      expect((await inOrder(lead, 'reviewed', limit)).map(({ requestId }) => requestId)).toEqual(reviewed.toReversed())
    }
  })

  test('the list of reviews says who used it, why, and who reviewed it as what', async () => {
    const [mina, lead] = [await anActor(), await anActor({ groups: ['leads-of-words'] })]
    const id = await anOverdueUse(mina, 'leads-of-words')
    const [use] = await inOrder(lead, 'open')
    expect(use).toMatchObject({
      ...{ requestId: id, holder: { id: mina.person.id }, reason, isOverdue: true, review: null, grantStatus: 'ended' },
      mayReview: { may: true },
    })
    await reviewRequest(lead, id, { outcome: 'not-justified', note })
    const [done] = await inOrder(lead, 'reviewed')
    expect(done).toMatchObject({ isOverdue: false, mayReview: { may: false } })
    expect(done?.review).toMatchObject({ outcome: 'not-justified', note, person: { id: lead.person.id } })
  })

  test('the list of reviews is for the people of the steps, security, auditors and admins, and no one else sees a use', async () => {
    const holder = await anActor({ groups: ['payments-dev', 'leads-of-readers'] })
    const id = await anOverdueUse(holder, 'leads-of-readers')
    const admin = await anActor({ roles: ['admin'] })
    const reviewers = [await anActor({ groups: ['leads-of-readers'] }), await security(), ines]
    const others = [holder, priya, await anActor({ groups: ['search-leads'] }), await anActor()]
    const listedUse = async (actor: PersonActor) =>
      (await inOrder(actor, 'open')).find(({ requestId }) => requestId === id)
    for (const actor of reviewers) expect((await listedUse(actor))?.mayReview).toEqual({ may: true })
    expect((await listedUse(admin))?.mayReview).toMatchObject({ may: false })
    for (const actor of others) {
      expect(await listedUse(actor)).toBeUndefined()
      expect((await inOrder(actor, 'reviewed')).some(({ requestId }) => requestId === id)).toBe(false)
    }
  })

  test('the list of reviews does not believe a review that Postern did not write', async () => {
    const lead = await anActor({ groups: ['leads-of-forgery'] })
    const id = await anOverdueUse(await anActor(), 'leads-of-forgery')
    const forged = { outcome: 'justified', note, groups: [], signature: 'v1.forged' }
    await db().review.create({ data: { requestId: id, personId: lead.person.id, ...forged } })
    expect(await inOrder(lead, 'open')).toMatchObject([{ requestId: id, review: null, isOverdue: true }])
    expect(await inOrder(lead, 'reviewed')).toEqual([])
  })

  test('several reviews that wait for one person are one line on every page, which leads to their list', async () => {
    const lead = await anActor({ groups: ['leads-of-lines'] })
    const due = async () => (await attention(lead)).filter(({ kind }) => kind === 'review-due')
    const id = await anOverdueUse(await anActor(), 'leads-of-lines')
    expect(await due()).toMatchObject([{ href: `/requests/${id}` }])
    await anOverdueUse(await anActor(), 'leads-of-lines')
    const sentence = '2 uses of break-glass access wait for your review, 2 of them overdue.'
    expect(await due()).toEqual([{ kind: 'review-due', sentence, href: '/inbox/reviews' }])
  })
})
