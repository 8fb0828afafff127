import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { parseConfiguration } from '#lib/adapters/policy/parse'
import type { Person } from '#lib/core/access/actor'
import { digestOf } from '#lib/core/access/terms'
import { aConfiguration, anEntitlement, anEntitlementDocument } from '#testing/configuration'
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

function aClaim(request: Partial<GrantFacts['request']> = {}, some: Partial<GrantFacts> = {}): GrantFacts {
  const entitlement = request.entitlement ?? anEntitlement()
  const terms = {
    ...{ cluster: 'prod-eu', namespaces: ['payments'], rules: entitlement.rules ?? [], clusterRole: null },
    ...{ durationSeconds: 1800, startsAt: null },
    ...request,
  }
  const digest = digestOf({ ...terms, requester: ada })
  return {
    ...{ now: new Date('2026-11-23T10:00:00Z'), status: 'pending', cluster: 'prod-eu' },
    ...{ requester: ada, signatureFailure: null },
    decisions: [approvedBy(lea, digest)],
    request: {
      ...{ id: 'req_1', status: 'approved', reason: 'the pods hang since noon', ticket: null },
      ...{ steps: entitlement.approvals, entitlement, digest },
      createdAt: new Date('2026-11-23T09:40:00Z'),
      ...terms,
    },
    ...some,
  }
}

const codeOf = (claim: GrantFacts, by = policy) => whyNotApproved(claim, by)?.code

describe('by the records', () => {
  it('what was approved by whom may still approve it is made', () =>
    expect(whyNotApproved(aClaim(), policy)).toBeNull())
  it.each([
    ['longer', { durationSeconds: 7200 }],
    ['elsewhere', { namespaces: ['payments', 'checkout'] }],
    ['wider', { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }],
    ['later', { startsAt: new Date('2026-11-24T10:00:00Z') }],
    ['by a ClusterRole', { clusterRole: 'admin' }],
    ['not approved', { status: 'pending' as const }],
  ])('terms that are %s, unlike what was approved, are not', (_, change) => {
    const claim = aClaim()
    Object.assign(claim.request, change)
    expect(codeOf(claim)).toBe('digest-mismatch')
  })
  it('another cluster than approved is not', () => {
    expect(codeOf(aClaim({}, { cluster: 'staging' }))).toBe('digest-mismatch')
  })
  it('another requester than approved is not', () => {
    expect(codeOf(aClaim({}, { requester: person('eve', ['payments-dev']) }))).toBe('digest-mismatch')
  })
  it('a decision of somebody whom nobody can tell from the requester is not', () => {
    const nameless = person('lea', ['payments-leads'], { emailVerified: false })
    const claim = aClaim()
    claim.decisions = [approvedBy(nameless, claim.request.digest)]
    expect(codeOf(claim)).toBe('unverified')
    const { identity } = aConfiguration()
    const trusting = policyOf({
      identity: { ...identity, oneSubjectPerPerson: true },
      entitlements: [anEntitlementDocument()],
    })
    expect(codeOf(claim, trusting)).toBeUndefined()
  })
  it('a digest that nobody decided on is not', () => {
    expect(codeOf(aClaim({}, { decisions: [approvedBy(lea, 'sha256:other')] }))).toBe('digest-mismatch')
  })
  it('records that Postern did not write are not, whatever they say', () => {
    const signatureFailure = { record: 'decision', id: 'dec_1', code: 'mismatch', sentence: 'Forged.' } as const
    expect(whyNotApproved(aClaim({}, { signatureFailure }), policy)).toMatchObject({
      code: 'record-refused',
      signatureFailure,
    })
  })
  it('an approval that was held back for more than a day is not', () => {
    const now = new Date('2026-11-24T09:51:00Z')
    expect(codeOf(aClaim({}, { now }))).toBe('approval-stale')
    const startsAt = new Date('2026-11-24T09:30:00Z')
    expect(codeOf(aClaim({ startsAt }, { now }))).toBeUndefined()
  })
  it('a group that an approver gained after deciding does not count for the decision', () => {
    const claim = aClaim()
    claim.decisions = [{ ...approvedBy(lea, claim.request.digest), groups: ['payments-dev'] }]
    expect(codeOf(claim)).toBe('record-refused')
  })
  it('no decisions where one is needed is not enough', () => {
    expect(codeOf(aClaim({}, { decisions: [] }))).toBe('record-refused')
  })
  it('nobody’s own decision counts, whatever account it came from', () => {
    const claim = aClaim()
    const other = person('ada-2', ['payments-leads'], { email: 'ADA@example.com' })
    claim.decisions = [approvedBy(other, claim.request.digest)]
    expect(codeOf(claim)).toBe('own-request')
  })
  it('an approver who lost the group does not count', () => {
    const claim = aClaim()
    claim.decisions = [{ ...approvedBy(lea, claim.request.digest), person: { ...lea, groups: [] } }]
    expect(codeOf(claim)).toBe('approver-not-eligible')
  })
  it('an approver whose group may not approve this any more does not count', () => {
    const now = policyWith(anEntitlementDocument({ approvals: [{ groups: ['sre'], count: 1 }] }))
    expect(codeOf(aClaim(), now)).toBe('approver-not-eligible')
  })
  it('an entitlement that needs nobody by now takes nothing away', () => {
    expect(codeOf(aClaim(), policyWith(anEntitlementDocument({ approvals: [] })))).toBeUndefined()
  })
  it('an entitlement that is gone gives nothing', () => {
    expect(codeOf(aClaim(), policyWith(anEntitlementDocument({ name: 'other' })))).toBe('unknown-entitlement')
  })
})

describe('by the guardrails, with the cluster as it is', () => {
  const live = (some: Partial<LiveFacts> = {}): LiveFacts => ({
    namespaces: [{ name: 'payments', labels: { environment: 'prod' } }],
    clusterRoles: {},
    rights: { rights: null, error: null },
    difference: undefined,
    ...some,
  })
  const judge = (claim: GrantFacts, by = policy, facts = live()) => judgePermission(claim, by, facts, claim.now)
  const why = (claim: GrantFacts, facts = live(), by = policy) => judge(claim, by, facts).refusal

  it('what is permitted is made', () => expect(why(aClaim())).toBeNull())
  it('a start that lies behind is no reason against it', () => {
    expect(why(aClaim({ startsAt: new Date('2026-11-23T08:00:00Z') }))).toBeNull()
  })
  it('a namespace that is gone is the cluster’s no', () => {
    expect(why(aClaim(), live({ namespaces: [] }))).toMatchObject({ endedBy: 'failure', code: 'namespace-unknown' })
  })
  it('a namespace that lost the label it was offered for is not covered any more', () => {
    const entitlement = anEntitlement({ namespaces: undefined, namespaceSelector: { environment: 'prod' } })
    const facts = live({ namespaces: [{ name: 'payments', labels: { environment: 'secret' } }] })
    expect(why(aClaim({ entitlement }))).toBeNull()
    expect(why(aClaim({ entitlement }), facts)).toMatchObject({ endedBy: 'ineligible', code: 'namespace-not-covered' })
  })
  it('a requester who is not among those who may ask by now is refused', () => {
    const now = policyWith(anEntitlementDocument({ who: { groups: ['sre'] } }))
    expect(why(aClaim(), live(), now)).toMatchObject({ endedBy: 'ineligible', code: 'requester-not-eligible' })
  })

  describe('by guardrails as they are now', () => {
    const restarts = "rules.exists(r, 'patch' in r.verbs)"
    const guarded = (guardrail: object, document: Record<string, unknown> = {}) =>
      policyOf({
        entitlements: [anEntitlementDocument(document)],
        guardrails: [{ name: 'calm', description: 'Calm is kept.', when: restarts, ...guardrail }],
      })
    const window = { zone: 'UTC', days: ['mon'], from: '09:00', to: '10:10' }

    it('what is denied by now is not made', () => {
      expect(why(aClaim(), live(), guarded({ effect: 'deny' }))).toEqual({
        ...{ endedBy: 'ineligible', code: 'calm', sentence: 'Calm is kept.', stoppedBy: ['calm'] },
      })
    })
    it('what one of them only warns of is made', () => {
      expect(why(aClaim(), live(), guarded({ effect: 'warn' }))).toBeNull()
    })
    it('access ends with its window, and is not begun outside', () => {
      const policy = guarded({ effect: 'limit', limit: { windows: [window] } })
      expect(judge(aClaim(), policy)).toMatchObject({ refusal: null, until: new Date('2026-11-23T10:10:00Z') })
      const late = aClaim({}, { now: new Date('2026-11-23T10:10:00Z') })
      expect(why(late, live(), policy)).toMatchObject({ endedBy: 'ineligible', code: 'calm' })
    })
    it('access may outlive a window that says so', () => {
      const policy = guarded({ effect: 'limit', limit: { windows: [window], mayOutliveWindow: true } })
      expect(judge(aClaim(), policy)).toMatchObject({ refusal: null, until: null })
    })
    it.each([
      ['somebody else', { approvals: [{ groups: ['security'], count: 1 }] }],
      ['more people', { approvers: 2 }],
    ])('what needs %s by now is not made', (_, require) => {
      const refusal = why(aClaim(), live(), guarded({ effect: 'require', require }))
      expect(refusal).toMatchObject({ endedBy: 'ineligible', code: 'approvals-missing', stoppedBy: ['calm'] })
    })
    it('what needs nobody by the entitlement needs who a guardrail wants by now', () => {
      const entitlement = anEntitlement({ approvals: [] })
      const claim = aClaim({ entitlement }, { decisions: [] })
      const now = guarded({ effect: 'require', require: { approvals: [{ groups: ['sre'] }] } }, { approvals: [] })
      expect(whyNotApproved(claim, now)).toBeNull()
      expect(why(claim, live(), now)).toMatchObject({ code: 'approvals-missing' })
    })
    it('who approved because a guardrail wanted it counts, with or without that guardrail', () => {
      const sue = person('sue', ['security'])
      const steps = [...anEntitlement().approvals, { groups: ['security'], count: 1 }]
      const claim = aClaim({ steps })
      claim.decisions.push(approvedBy(sue, claim.request.digest))
      const require = { approvals: [{ groups: ['security'] }] }
      for (const now of [policy, guarded({ effect: 'require', require })]) {
        expect([codeOf(claim, now), why(claim, live(), now)]).toEqual([undefined, null])
      }
      const others = person('sue', ['sre'])
      claim.decisions[1] = { ...approvedBy(sue, claim.request.digest), person: others }
      expect(codeOf(claim)).toBe('approver-not-eligible')
    })
  })

  describe('a vetted ClusterRole', () => {
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }]
    const entitlement = anEntitlement({ rules: undefined, clusterRole: 'view' })
    const now = policyWith(anEntitlementDocument({ rules: undefined, clusterRole: 'view' }))
    const claim = aClaim({ entitlement, rules, clusterRole: 'view' })
    it('that allows what was approved is bound', () => {
      expect(why(claim, live({ clusterRoles: { view: [...rules] } }), now)).toBeNull()
    })
    it('that allows more by now is not', () => {
      const wider = [...rules, { apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]
      expect(why(claim, live({ clusterRoles: { view: wider } }), now)).toMatchObject({ code: 'cluster-role-changed' })
    })
    it('that is gone is the cluster’s no', () => {
      expect(why(claim, live(), now)).toMatchObject({ endedBy: 'failure', code: 'cluster-role-unknown' })
    })
  })
})
