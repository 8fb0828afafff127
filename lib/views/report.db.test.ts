import { beforeAll, describe, expect, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { secondsOf } from '#lib/core/access/duration'
import { submitRequest } from '#lib/operations/submit-request'
import { testBench } from '#testing/bench'
import { aConfiguration, aGuardrail, anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { decide } from '#testing/decisions'
import { anActor } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aGrant, aRequest, aSubmission } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { exportReport, report } from './report.ts'

const { policy } = await testBench({ configuration: aConfiguration({ entitlements: [anEntitlementDocument()] }) })

const entitlement = anEntitlement()
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)

let ines: PersonActor
let mina: PersonActor
let priya: PersonActor
beforeAll(async () => {
  ines = await anActor({ groups: ['security-audit'], roles: ['auditor'] })
  mina = await anActor()
  priya = await anActor({ groups: ['payments-leads', 'search-leads'] })
})

const submitted = (minutes: number) => aRequest({ requester: mina.person, entitlement, createdAt: minutesAgo(minutes) })

describe('a report', () => {
  test('a report is of everything for auditors and admins; for people who approve nothing it does not exist', async () => {
    for (const actor of [mina, await anActor({ groups: ['leads-of-nothing'] })])
      expect(await rejectionOf(report(actor, '30'))).toMatchObject({ code: 'not-found' })
    for (const actor of [ines, await anActor({ roles: ['admin'] })])
      expect(await report(actor, '30')).toMatchObject({ groups: null })
  })

  test('a report has the median and the ninth tenth of the time to a decision, for each group that decided', async () => {
    const earlier = await report(ines, '7')
    expect(earlier.decisions).toEqual([])
    for (const minutes of [10, 20, 30]) await decide(priya, await submitted(minutes))
    await decide(priya, await submitted(40), { decision: 'deny' })
    const { decisions, requests } = await report(ines, '7')
    expect(decisions).toMatchObject([{ group: 'payments-leads', count: 4 }])
    const [median, p90] = [decisions[0]?.median ?? '', decisions[0]?.p90 ?? ''].map(secondsOf)
    // Of 10, 20, 30 and 40 minutes, and of what the test itself takes.
    expect(Math.floor((median ?? 0) / 300)).toBe(5)
    expect(Math.floor((p90 ?? 0) / 300)).toBe(7)
    expect(requests).toMatchObject({ submitted: 4, approved: 3, automatic: 0, denied: 1 })
  })

  test('a report counts access that began by day and severity, with every day of the period', async () => {
    const of = (severity: string) => ({ facts: { risks: [{ id: 'x', severity }] } })
    for (const facts of [of('low'), of('high'), of('high')]) {
      const request = await aRequest({ requester: mina.person, entitlement, status: 'approved', ...facts })
      await aGrant({ request, status: 'active' })
    }
    await aGrant({ holder: mina.person })
    const { grants, from } = await report(ines, '7')
    expect(grants).toHaveLength(7)
    expect(grants[0]).toEqual({ day: from.slice(0, 10), low: 0, medium: 0, high: 0 })
    const all = (severity: 'low' | 'medium' | 'high') => grants.reduce((sum, one) => sum + one[severity], 0)
    expect([all('low'), all('medium'), all('high')]).toEqual([1, 0, 2])
  })

  test('a report counts what each guardrail and limit refused, at submission and later', async () => {
    const waiting = await submitted(1)
    const guardrails = [aGuardrail({ name: 'no-payments', effect: 'deny' })]
    await policy.change(aConfiguration({ entitlements: [anEntitlementDocument()], guardrails }))
    await rejectionOf(submitRequest(mina, aSubmission()))
    await rejectionOf(decide(priya, waiting))
    await rejectionOf(submitRequest(mina, aSubmission({ durationSeconds: 999_999 })))
    await policy.change(aConfiguration({ entitlements: [anEntitlementDocument()] }))
    const { refusals } = await report(ines, '7')
    expect(refusals).toContainEqual({ code: 'no-payments', submissions: 2, later: 1 })
    expect(refusals).toContainEqual({ code: 'duration-too-long', submissions: 1, later: 0 })
  })

  test('a report counts break-glass access by month, with its reviews', async () => {
    const reviewDueAt = new Date(Date.now() + 86_400_000)
    await aRequest({ requester: mina.person, entitlement, reviewDueAt })
    const { breakGlass } = await report(ines, '7')
    expect(breakGlass).toMatchObject([{ uses: 1, justified: 0, notJustified: 0, open: 1 }])
  })

  test('a report is read in one statement', async () => {
    const statements = await statementsOf(() => report(ines, '90'))
    expect(statements).toHaveLength(1)
  })

  test('the CSV of a report has one measure in each line', async () => {
    const pieces: string[] = []
    for await (const piece of exportReport(ines, '7')) pieces.push(piece)
    const lines = pieces.join('').split('\r\n')
    expect(lines[0]).toBe('"table","of","measure","value"')
    expect(lines).toContain('"decisions","payments-leads","count","4"')
    expect(lines).toContain('"refusals","no-payments","submissions","2"')
  })

  // The last one, because the others count everything.
  test('a report of an approver has the figures of what their groups may decide, and none of another team', async () => {
    const team = (name: string) => ({ name, approvals: [{ groups: [`${name}-leads`], count: 1 }] })
    const entitlements = [team('ledger'), team('billing')].map(anEntitlementDocument)
    await policy.change(aConfiguration({ entitlements }))
    const lead = await anActor({ groups: ['ledger-leads', 'payments-dev'] })
    const other = await anActor({ groups: ['billing-leads'] })
    const ledger = { requester: mina.person, entitlement: anEntitlement(team('ledger')) }
    await decide(lead, await aRequest(ledger))
    const waiting = await aRequest(ledger)
    await aRequest({ ...ledger, reviewDueAt: new Date(Date.now() + 86_400_000) })
    await aGrant({ request: await aRequest({ ...ledger, status: 'approved' }), status: 'active' })
    await rejectionOf(submitRequest(mina, aSubmission({ entitlement: 'ledger', durationSeconds: 999_999 })))
    const guardrails = [aGuardrail({ name: 'no-payments', effect: 'deny' })]
    await policy.change(aConfiguration({ entitlements, guardrails }))
    await rejectionOf(decide(lead, waiting))

    const sum = (grants: Awaited<ReturnType<typeof report>>['grants']) =>
      grants.reduce((all, { low, medium, high }) => all + low + medium + high, 0)
    const theirs = await report(lead, '7')
    expect(theirs).toMatchObject({
      ...{ groups: ['ledger-leads'], requests: { submitted: 4, approved: 2, pending: 2, denied: 0 } },
      decisions: [{ group: 'ledger-leads', count: 1 }],
      breakGlass: [{ uses: 1, open: 1 }],
    })
    expect(sum(theirs.grants)).toBe(1)
    expect(theirs.refusals.toSorted((a, b) => (a.code < b.code ? -1 : 1))).toEqual([
      { code: 'duration-too-long', submissions: 1, later: 0 },
      { code: 'no-payments', submissions: 0, later: 1 },
    ])
    const others = await report(other, '7')
    expect(others).toMatchObject({ groups: ['billing-leads'], decisions: [], refusals: [], breakGlass: [] })
    expect([...Object.values(others.requests), sum(others.grants)].every((count) => count === 0)).toBe(true)
    const pieces: string[] = []
    for await (const piece of exportReport(other, '7')) pieces.push(piece)
    expect(pieces.join('')).not.toMatch(/ledger|no-payments/)
  })
})
