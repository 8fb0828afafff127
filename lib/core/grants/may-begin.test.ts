import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseConfiguration } from '#lib/adapters/policy/parse'
import type { Person } from '#lib/core/access/actor'
import type { ExtendedGrant } from '#lib/core/access/extension'
import { routeSteps } from '#lib/core/access/routing'
import { digestOf } from '#lib/core/access/terms'
import { aConfiguration, aGuardrail, anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { type GrantFacts, type GrantingPolicy, judgePermission, type LiveFacts, whyNotApproved } from './may-begin.ts'

const person = (name: string, groups: string[], some: Partial<Person> = {}): Person => ({
  ...{ id: `per_${name}`, issuer: 'https://id.example.com', subject: name, name, groups },
  ...{ email: `${name}@example.com`, emailVerified: true, knownEmails: [] },
  ...some,
})
const ada = person('ada', ['payments-dev'])
const lea = person('lea', ['payments-leads'])

function policyOf(document: Parameters<typeof aConfiguration>[0]): GrantingPolicy {
  const result = parseConfiguration(stringify(aConfiguration(document)), 'postern.yaml')
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result
}
const policyWith = (...entitlements: ReturnType<typeof anEntitlementDocument>[]) => policyOf({ entitlements })
const policy = policyWith(anEntitlementDocument())

const approvedBy = (by: Person, result: string) => ({
  decision: 'approve' as const,
  personId: by.id,
  person: by,
  groups: by.groups,
  result,
  at: '2026-11-23T09:50:00Z',
})

function aGrant(request: Partial<GrantFacts['request']> = {}, some: Partial<GrantFacts> = {}): GrantFacts {
  const entitlement = request.entitlement ?? anEntitlement()
  const terms = {
    ...{ cluster: 'prod-eu', namespaces: ['payments'], rules: entitlement.rules ?? [], clusterRole: null },
    ...{ durationSeconds: 1800, startsAt: null, agent: null },
    ...request,
  }
  const digest = digestOf({ ...terms, requester: ada })
  return {
    ...{ now: new Date('2026-11-23T10:00:00Z'), status: 'pending', cluster: 'prod-eu' },
    ...{ requester: ada, signatureFailure: null },
    decisions: [approvedBy(lea, digest)],
    request: {
      ...{
        id: 'req_1',
        status: 'approved',
        reason: 'the pods hang since noon',
        ticket: null,
        via: null,
        extendsGrantId: null,
        heldSince: null,
        pauses: [],
      },
      ...{ steps: entitlement.approvals, entitlement, digest },
      createdAt: new Date('2026-11-23T09:40:00Z'),
      ...terms,
    },
    ...some,
  }
}

const codeOf = (grant: GrantFacts, by = policy) => whyNotApproved(grant, by)?.code

describe('stored records', () => {
  test('a grant may begin if an approver who is still eligible approved its terms', () =>
    expect(whyNotApproved(aGrant(), policy)).toBeNull())
  test.each([
    ['longer than approved', { durationSeconds: 7200 }],
    ['in another namespace than approved', { namespaces: ['payments', 'checkout'] }],
    ['wider than approved', { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }],
    ['by an agent, and approved without one', { agent: 'an agent' }],
    ['for a later start than approved', { startsAt: new Date('2026-11-24T10:00:00Z') }],
    ['bound to a ClusterRole that was not approved', { clusterRole: 'admin' }],
    ['not approved at all', { status: 'pending' as const }],
  ])('a grant may not begin if its terms are %s', (_, change) => {
    const grant = aGrant()
    Object.assign(grant.request, change)
    expect(codeOf(grant)).toBe('digest-mismatch')
  })
  test('a grant may not begin in another cluster than approved', () => {
    expect(codeOf(aGrant({}, { cluster: 'staging' }))).toBe('digest-mismatch')
  })
  test('a grant may not begin for another requester than approved', () => {
    expect(codeOf(aGrant({}, { requester: person('eve', ['payments-dev']) }))).toBe('digest-mismatch')
  })
  test('a grant may not begin if the approver and the requester cannot be told apart', () => {
    const nameless = person('lea', ['payments-leads'], { emailVerified: false })
    const grant = aGrant()
    grant.decisions = [approvedBy(nameless, grant.request.digest)]
    expect(codeOf(grant)).toBe('unverified')
    const { identity } = aConfiguration()
    const trusting = policyOf({
      identity: { ...identity, oneSubjectPerPerson: true },
      entitlements: [anEntitlementDocument()],
    })
    expect(codeOf(grant, trusting)).toBeUndefined()
  })
  test('a grant may not begin if its digest was never approved', () => {
    expect(codeOf(aGrant({}, { decisions: [approvedBy(lea, 'sha256:other')] }))).toBe('digest-mismatch')
  })
  test('a grant may not begin if an escalation was due only by the time in which the requester owed an answer', () => {
    const approvals = [{ groups: ['sre'], escalate: [{ after: 'PT5M', to: { groups: ['payments-leads'] } }] }]
    const escalating = policyOf({ entitlements: [anEntitlementDocument({ approvals })] })
    const grant = (pauses: GrantFacts['request']['pauses']) =>
      aGrant({ entitlement: anEntitlement({ approvals }), pauses })
    const [from, until] = [new Date('2026-11-23T09:41:00Z'), new Date('2026-11-23T09:49:00Z')]
    expect(codeOf(grant([]), escalating)).toBeUndefined()
    expect(codeOf(grant([{ from, until }]), escalating)).toBe('record-refused')
  })
  test('a grant may not begin on records that Postern did not write', () => {
    const signatureFailure = { record: 'decision', id: 'dec_1', code: 'mismatch', sentence: 'Forged.' } as const
    expect(whyNotApproved(aGrant({}, { signatureFailure }), policy)).toMatchObject({
      code: 'record-refused',
      signatureFailure,
    })
  })
  test('a grant may not begin more than a day after its approval or its requested start', () => {
    const now = new Date('2026-11-24T09:51:00Z')
    expect(codeOf(aGrant({}, { now }))).toBe('approval-stale')
    const startsAt = new Date('2026-11-24T09:30:00Z')
    expect(codeOf(aGrant({ startsAt }, { now }))).toBeUndefined()
  })
  test('a group that an approver gained after deciding does not count for the decision', () => {
    const grant = aGrant()
    grant.decisions = [{ ...approvedBy(lea, grant.request.digest), groups: ['payments-dev'] }]
    expect(codeOf(grant)).toBe('record-refused')
  })
  test('a grant may not begin without a required decision', () => {
    expect(codeOf(aGrant({}, { decisions: [] }))).toBe('record-refused')
  })
  test('a requester’s own approval does not count, even from a second account', () => {
    const grant = aGrant()
    const other = person('ada-2', ['payments-leads'], { email: 'ADA@example.com' })
    grant.decisions = [approvedBy(other, grant.request.digest)]
    expect(codeOf(grant)).toBe('own-request')
  })
  test('the approval of a person who has lost the group does not count', () => {
    const grant = aGrant()
    grant.decisions = [{ ...approvedBy(lea, grant.request.digest), person: { ...lea, groups: [] } }]
    expect(codeOf(grant)).toBe('approver-not-eligible')
  })
  test('the approval of a group that was moved to another step does not count for the one that it was given for', () => {
    const [entitlement, now] = [
      [['payments-leads'], ['sre']],
      [['security'], ['sre', 'payments-leads']],
    ].map((steps) => ({ approvals: steps.map((groups) => ({ groups, count: 1 })) }))
    const grant = aGrant({ entitlement: anEntitlement(entitlement) })
    grant.decisions.push(approvedBy(person('sid', ['sre']), grant.request.digest))
    expect(codeOf(grant, policyWith(anEntitlementDocument(entitlement)))).toBeUndefined()
    expect(codeOf(grant, policyWith(anEntitlementDocument(now)))).toBe('approver-not-eligible')
  })
  test('the approval of a group that may no longer approve does not count', () => {
    const now = policyWith(anEntitlementDocument({ approvals: [{ groups: ['sre'], count: 1 }] }))
    expect(codeOf(aGrant(), now)).toBe('approver-not-eligible')
  })
  test('the approval of someone who no longer owns the namespace does not count, although they own another one of the request', () => {
    const owning = (payments: string[], checkout: string[]) =>
      policyOf({
        owners: [
          { namespaces: ['payments'], groups: payments },
          { namespaces: ['checkout'], groups: checkout },
        ],
        entitlements: [anEntitlementDocument({ namespaces: ['payments', 'checkout'], approvals: [{ owners: true }] })],
      })
    const [before, after] = [owning(['payments-leads'], ['sre']), owning(['sre'], ['payments-leads', 'sre'])]
    const namespaces = ['payments', 'checkout']
    const [entitlement] = before.configuration.entitlements
    const asked = entitlement ?? anEntitlement()
    const facts = { cluster: 'prod-eu', namespaces, requester: ada }
    const steps = routeSteps(asked.approvals, facts, before.configuration)
    const grant = aGrant({ entitlement: asked, namespaces, steps })
    grant.decisions.push(approvedBy(person('sid', ['sre']), grant.request.digest))
    expect(codeOf(grant, before)).toBeUndefined()
    expect(codeOf(grant, after)).toBe('approver-not-eligible')
    expect(codeOf(grant, owning(['payments-leads', 'sre'], ['sre'])), 'who is added takes nothing away').toBeUndefined()
  })
  test('an approval still counts if the entitlement no longer requires one', () => {
    expect(codeOf(aGrant(), policyWith(anEntitlementDocument({ approvals: [] })))).toBeUndefined()
  })
  test('a grant of a removed entitlement may not begin', () => {
    expect(codeOf(aGrant(), policyWith(anEntitlementDocument({ name: 'other' })))).toBe('unknown-entitlement')
  })
})

describe('limits and guardrails, with the cluster as it is', () => {
  const live = (some: Partial<LiveFacts> = {}): LiveFacts => ({
    namespaces: [{ name: 'payments', labels: { environment: 'prod' } }],
    clusterRoles: {},
    rights: { rights: null, error: null },
    history: null,
    pods: null,
    difference: undefined,
    ...some,
  })
  const judge = (grant: GrantFacts, by = policy, facts = live()) => judgePermission(grant, by, facts, grant.now)
  const why = (grant: GrantFacts, facts = live(), by = policy) => judge(grant, by, facts).refusal

  test('a grant may not begin once the label that named its approver as an owner has gone from the namespace', () => {
    const document = anEntitlementDocument({ approvals: [{ owners: true }] })
    const ownerLabels = [
      { label: 'team', setBy: { groups: ['platform'] }, values: { pay: { groups: ['payments-leads'] } } },
    ]
    const now = policyOf({ entitlements: [document], ownerLabels })
    const entitlement = anEntitlement({ approvals: [{ owners: true }] })
    const labels = new Map([['payments', { labels: { team: 'pay' } }]])
    const facts = { cluster: 'prod-eu', namespaces: ['payments'], requester: ada, labels }
    const grant = aGrant({ entitlement, steps: routeSteps(entitlement.approvals, facts, now.configuration) })
    const code = (team: string) => why(grant, live({ namespaces: [{ name: 'payments', labels: { team } }] }), now)?.code
    expect([codeOf(grant, now), code('pay'), code('search')]).toEqual([undefined, undefined, 'approvals-missing'])
  })

  test('a step that a guardrail required of owners follows them until access begins', () => {
    const guardrails = [
      {
        ...{ name: 'owner', description: 'An owner agrees.', effect: 'require' },
        require: { approvals: [{ owners: true }] },
      },
    ]
    const document = anEntitlementDocument({ approvals: [{ groups: ['payments-leads'] }] })
    const owning = (...groups: string[]) =>
      policyOf({ entitlements: [document], guardrails, owners: [{ namespaces: ['payments'], groups }] })
    const entitlement = anEntitlement({ approvals: [{ groups: ['payments-leads'] }] })
    const facts = { cluster: 'prod-eu', namespaces: ['payments'], requester: ada }
    const added = routeSteps([{ groups: [], count: 1, owners: true }], facts, owning('sre').configuration)
    const grant = aGrant({ entitlement, steps: [...entitlement.approvals, ...added] })
    grant.decisions.push(approvedBy(person('sid', ['sre']), grant.request.digest))
    const codes = (...groups: string[]) => [
      codeOf(grant, owning(...groups)),
      why(grant, live(), owning(...groups))?.code,
    ]
    expect(codes('sre')).toEqual([undefined, undefined])
    expect(codes('sre', 'security'), 'who is added takes nothing away').toEqual([undefined, undefined])
    expect(codes('security')).toEqual(['approver-not-eligible', 'approvals-missing'])
  })

  test('a grant that is permitted may begin', () => expect(why(aGrant())).toBeNull())
  const automatic = (when: string) => ({ automatic: { when } })
  const unattended = (entitlement: Parameters<typeof anEntitlement>[0], now: Record<string, unknown>) => {
    const reason = 'checkout is down for everyone and no one answers'
    const grant = aGrant({ entitlement: anEntitlement(entitlement), steps: [], reason }, { decisions: [] })
    return why(grant, live(), policyWith(anEntitlementDocument(now)))?.code
  }
  test.each([
    ['true', undefined],
    ["request.duration < duration('1m')", 'approvals-missing'],
    ['difference.added.size() == 0 && history.grants.size() == 0', 'approvals-missing'],
  ])('a grant without approvals may begin only while the condition of its entitlement holds: %s', (when, code) => {
    expect(unattended(automatic(when), automatic(when))).toBe(code)
    expect(unattended(automatic('true'), automatic(when)), 'the condition of today').toBe(code)
  })
  test('a grant without approvals may not begin once its entitlement does not do without them any more', () => {
    expect(unattended(automatic('true'), {})).toBe('approvals-missing')
    expect(unattended({ breakGlass: true }, {})).toBe('approvals-missing')
    expect(unattended({ approvals: [] }, {})).toBe('approvals-missing')
    expect(unattended(automatic('true'), { approvals: [] })).toBeUndefined()
  })
  test('break-glass access may begin without approvals, unless a guardrail has come to require people', () => {
    expect(unattended({ breakGlass: true }, { breakGlass: true })).toBeUndefined()
    const grant = aGrant(
      { entitlement: anEntitlement({ breakGlass: true }), steps: [], reason: 'checkout is down for everyone today' },
      { decisions: [] },
    )
    const guarded = policyOf({
      entitlements: [anEntitlementDocument({ breakGlass: true })],
      guardrails: [aGuardrail({ effect: 'require', require: { approvers: 1 } })],
    })
    expect(why(grant, live(), guarded)?.code).toBe('approvals-missing')
  })
  test('a longer reason that an entitlement has come to want of break-glass access keeps nothing that people approved', () => {
    expect(why(aGrant(), live(), policyWith(anEntitlementDocument({ breakGlass: true })))).toBeNull()
  })
  test('an extension may begin only while no one has ended the access, and ends when the total is used up', () => {
    const heldSince = new Date('2026-11-23T09:00:00Z')
    const grant = aGrant({ extendsGrantId: 'grt_1', heldSince })
    const extended: ExtendedGrant = {
      ...{ status: 'active', endedBy: null, expiresAt: null, isExtended: false, heldSince, entitlementName: 'x' },
      ...{ cluster: 'prod-eu', namespaces: ['payments'], rules: grant.request.rules, clusterRole: null },
    }
    expect(judge(grant, policy, live({ extended }))).toMatchObject({ until: new Date('2026-11-23T11:00:00Z') })
    expect(why(grant, live({ extended: { ...extended, status: 'ended', endedBy: 'expiry' } }))).toBeNull()
    const revoked = live({ extended: { ...extended, status: 'ending', endedBy: 'revocation' } })
    expect(why(grant, revoked)?.code).toBe('extension-not-active')
    expect(why(grant, live())?.code).toBe('extension-not-active')
    const late = aGrant({ extendsGrantId: 'grt_1', heldSince: new Date('2026-11-23T08:00:00Z') })
    expect(why(late, live({ extended }))?.code).toBe('extension-total-too-long')
  })
  test('a grant whose requested start has passed may begin', () => {
    expect(why(aGrant({ startsAt: new Date('2026-11-23T08:00:00Z') }))).toBeNull()
  })
  test('a grant in a deleted namespace fails', () => {
    expect(why(aGrant(), live({ namespaces: [] }))).toMatchObject({ endedBy: 'failure', code: 'namespace-unknown' })
  })
  test('a grant may not begin in a namespace that has lost the required label', () => {
    const entitlement = anEntitlement({ namespaces: undefined, namespaceSelector: { environment: 'prod' } })
    const facts = live({ namespaces: [{ name: 'payments', labels: { environment: 'secret' } }] })
    expect(why(aGrant({ entitlement }))).toBeNull()
    expect(why(aGrant({ entitlement }), facts)).toMatchObject({ endedBy: 'ineligible', code: 'namespace-not-covered' })
  })
  test('a grant may not begin for a requester who is no longer eligible', () => {
    const now = policyWith(anEntitlementDocument({ who: { groups: ['sre'] } }))
    expect(why(aGrant(), live(), now)).toMatchObject({ endedBy: 'ineligible', code: 'requester-not-eligible' })
  })

  describe('the current guardrails', () => {
    const restarts = "rules.exists(r, 'patch' in r.verbs)"
    const guarded = (guardrail: object, document: Record<string, unknown> = {}) =>
      policyOf({
        entitlements: [anEntitlementDocument(document)],
        guardrails: [{ name: 'calm', description: 'Calm is kept.', when: restarts, ...guardrail }],
      })
    const window = { zone: 'UTC', days: ['mon'], from: '09:00', to: '10:10' }

    test('a grant that a guardrail denies now may not begin', () => {
      expect(why(aGrant(), live(), guarded({ effect: 'deny' }))).toEqual({
        ...{ endedBy: 'ineligible', code: 'calm', sentence: 'Calm is kept.', stoppedBy: ['calm'] },
      })
    })
    test('a grant that a guardrail only warns about may begin', () => {
      expect(why(aGrant(), live(), guarded({ effect: 'warn' }))).toBeNull()
    })
    test('access ends with its window and does not begin outside it', () => {
      const policy = guarded({ effect: 'limit', limit: { windows: [window] } })
      expect(judge(aGrant(), policy)).toMatchObject({ refusal: null, until: new Date('2026-11-23T10:10:00Z') })
      const late = aGrant({}, { now: new Date('2026-11-23T10:10:00Z') })
      expect(why(late, live(), policy)).toMatchObject({ endedBy: 'ineligible', code: 'calm' })
    })
    test('access may outlive a window with mayOutliveWindow', () => {
      const policy = guarded({ effect: 'limit', limit: { windows: [window], mayOutliveWindow: true } })
      expect(judge(aGrant(), policy)).toMatchObject({ refusal: null, until: null })
    })
    test.each([
      ['another approver', { approvals: [{ groups: ['security'], count: 1 }] }],
      ['more approvers', { approvers: 2 }],
    ])('a grant may not begin if a guardrail now requires %s', (_, require) => {
      const refusal = why(aGrant(), live(), guarded({ effect: 'require', require }))
      expect(refusal).toMatchObject({ endedBy: 'ineligible', code: 'approvals-missing', stoppedBy: ['calm'] })
    })
    test('a grant that needed no approval may not begin if a guardrail now requires one', () => {
      const entitlement = anEntitlement({ approvals: [] })
      const grant = aGrant({ entitlement }, { decisions: [] })
      const now = guarded({ effect: 'require', require: { approvals: [{ groups: ['sre'] }] } }, { approvals: [] })
      expect(whyNotApproved(grant, now)).toBeNull()
      expect(why(grant, live(), now)).toMatchObject({ code: 'approvals-missing' })
    })
    test('an approval that a guardrail required at submission counts, with or without that guardrail', () => {
      const sue = person('sue', ['security'])
      const steps = [...anEntitlement().approvals, { groups: ['security'], count: 1 }]
      const grant = aGrant({ steps })
      grant.decisions.push(approvedBy(sue, grant.request.digest))
      const require = { approvals: [{ groups: ['security'] }] }
      for (const now of [policy, guarded({ effect: 'require', require })]) {
        expect([codeOf(grant, now), why(grant, live(), now)]).toEqual([undefined, null])
      }
      const others = person('sue', ['sre'])
      grant.decisions[1] = { ...approvedBy(sue, grant.request.digest), person: others }
      expect(codeOf(grant)).toBe('approver-not-eligible')
    })
    test('an approval by escalation counts only while every guardrail that requires the step escalates to its author', () => {
      const sam = person('sam', ['sre'])
      const escalate = [{ after: 60, groups: ['sre'] }]
      const grant = aGrant({ steps: [...anEntitlement().approvals, { groups: ['security'], count: 1, escalate }] })
      grant.decisions.push(approvedBy(sam, grant.request.digest))
      const requiring = (...to: string[]) => ({
        groups: ['security'],
        ...(to.length > 0 ? { escalate: [{ after: 'PT1M', to: { groups: to } }] } : {}),
      })
      const under = (...steps: ReturnType<typeof requiring>[]) => {
        const guardrails = steps.map((step, index) =>
          aGuardrail({ name: `calm-${index}`, effect: 'require', require: { approvals: [step] } }),
        )
        const now = policyOf({ entitlements: [anEntitlementDocument()], guardrails })
        return [codeOf(grant, now), why(grant, live(), now)?.code]
      }
      expect(under(requiring('sre'))).toEqual([undefined, undefined])
      expect(under(), 'with no guardrail').toEqual([undefined, undefined])
      expect(under(requiring('ciso'))[0]).toBe('approver-not-eligible')
      expect(under(requiring('sre'), requiring())[1], 'with another one that does not escalate').toBe(
        'approvals-missing',
      )
    })
  })

  describe('a vetted ClusterRole', () => {
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }]
    const entitlement = anEntitlement({ rules: undefined, clusterRole: 'view' })
    const now = policyWith(anEntitlementDocument({ rules: undefined, clusterRole: 'view' }))
    const grant = aGrant({ entitlement, rules, clusterRole: 'view' })
    test('a ClusterRole that still has the approved rules is bound', () => {
      expect(why(grant, live({ clusterRoles: { view: [...rules] } }), now)).toBeNull()
    })
    test('a ClusterRole that allows more than approved is not bound', () => {
      const wider = [...rules, { apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]
      expect(why(grant, live({ clusterRoles: { view: wider } }), now)).toMatchObject({ code: 'cluster-role-changed' })
    })
    test('a grant of a deleted ClusterRole fails', () => {
      expect(why(grant, live(), now)).toMatchObject({ endedBy: 'failure', code: 'cluster-role-unknown' })
    })
  })
})
