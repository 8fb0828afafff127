import { describe, expect, it } from 'vitest'
import type { Person } from '#lib/access/actor'
import { digestOf } from '#lib/access/terms'
import type { ClaimedGrant } from '#lib/db/grant-queue'
import { configurationSchema } from '#lib/policy/configuration'
import { aConfiguration, anEntitlement, anEntitlementDocument } from '#lib/testing/configuration'
import { type LiveFacts, type Policy, whyNotApproved, whyNotPermitted } from './judge.ts'

const person = (name: string, groups: string[], some: Partial<Person> = {}): Person => ({
  ...{ id: `per_${name}`, issuer: 'https://id.example.com', subject: name, name, groups },
  ...{ email: `${name}@example.com`, emailVerified: true, knownEmails: [] },
  ...some,
})
const ada = person('ada', ['payments-dev'])
const lea = person('lea', ['payments-leads'])

const policyWith = (...entitlements: ReturnType<typeof anEntitlementDocument>[]): Policy => ({
  configuration: configurationSchema.parse(aConfiguration({ entitlements })),
  hash: 'sha256:0',
})
const policy = policyWith(anEntitlementDocument())

const approvedBy = (by: Person, result: string) => ({
  decision: 'approve' as const,
  personId: by.id,
  person: by,
  result,
})

function aClaim(request: Partial<ClaimedGrant['request']> = {}, some: Partial<ClaimedGrant> = {}): ClaimedGrant {
  const entitlement = request.entitlement ?? anEntitlement()
  const terms = {
    ...{ cluster: 'prod-eu', namespaces: ['payments'], rules: entitlement.rules ?? [], clusterRole: null },
    ...{ durationSeconds: 1800, startsAt: null },
    ...request,
  }
  const digest = digestOf({ ...terms, requester: ada })
  return {
    ...{ now: new Date('2026-11-23T10:00:00Z'), id: 'grt_1', status: 'pending', cluster: 'prod-eu' },
    ...{ expiresAt: null, endedBy: null, attempts: 0, requester: ada, objects: [] },
    decisions: [approvedBy(lea, digest)],
    request: {
      ...{ id: 'req_1', status: 'approved', reason: 'the pods hang since noon', ticket: null, policyHash: 'sha256:0' },
      ...{ steps: entitlement.approvals, entitlement, digest },
      ...terms,
    },
    ...some,
  }
}

const codeOf = (claim: ClaimedGrant, by = policy) => whyNotApproved(claim, by)?.code

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
  it('a digest that nobody decided on is not', () => {
    expect(codeOf(aClaim({}, { decisions: [approvedBy(lea, 'sha256:other')] }))).toBe('digest-mismatch')
  })
  it('no decisions where one is needed is not enough', () => {
    expect(codeOf(aClaim({}, { decisions: [] }))).toBe('approver-not-eligible')
  })
  it('nobody’s own decision counts, whatever account it came from', () => {
    const claim = aClaim()
    const other = person('ada-2', ['payments-leads'], { email: 'ADA@example.com' })
    claim.decisions = [approvedBy(other, claim.request.digest)]
    expect(codeOf(claim)).toBe('own-request')
  })
  it('an approver who lost the group does not count', () => {
    const claim = aClaim()
    claim.decisions = [approvedBy({ ...lea, groups: [] }, claim.request.digest)]
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
    ...some,
  })
  const why = (claim: ClaimedGrant, facts = live(), by = policy) => whyNotPermitted(claim, by, facts)

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
