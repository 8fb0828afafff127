import { expect, test } from 'vitest'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { managerSchema, namedPeople, ownersSchema, type Routing, routeSteps } from '#lib/core/access/routing'
import { currentApprovalSteps, groupsThatCount } from './current-steps.ts'

const routing: Routing = {
  owners: [
    { namespaces: ['payments', 'ledger'], groups: ['payments-leads'] },
    { namespaces: ['checkout-*'], people: ['Priya@Example.com'], clusters: ['prod-eu'] },
    { namespaces: ['payments'], onCall: 'payments' },
  ].map((rule) => ownersSchema.parse(rule)),
  managers: [{ person: 'mina@example.com', manager: 'olga' }].map((rule) => managerSchema.parse(rule)),
}
const mina = { subject: 'mina', email: 'mina+work@example.com', emailVerified: true }
const route = (step: Partial<ApprovalStep>, namespaces: string[], requester = mina, cluster = 'prod-eu') =>
  routeSteps([{ groups: [], count: 1, ...step }], { cluster, namespaces, requester }, routing)
const groupsOf = (steps: ApprovalStep[]) => steps.map(({ groups }) => groups)

test('owners of one namespace never answer for another: each set of owners is a step of its own', () => {
  const steps = route({ owners: true, groups: ['sre'] }, ['payments', 'checkout-eu', 'checkout-us', 'ledger'])
  expect(steps).toMatchObject([
    { groups: ['sre', 'on-call:payments', 'payments-leads'], namespaces: ['payments'] },
    { groups: ['sre', 'person:priya@example.com'], namespaces: ['checkout-eu', 'checkout-us'] },
    { groups: ['sre', 'payments-leads'], namespaces: ['ledger'] },
  ])
})

test('unknown owners and managers fall back to the groups of the step, which says so', () => {
  expect(
    route({ owners: true, manager: true, groups: ['sre'] }, ['search'], {
      ...mina,
      subject: 'x',
      email: 'x@example.com',
    }),
  ).toEqual([
    {
      ...{ groups: ['sre'], named: ['sre'], count: 1, owners: true, manager: true, namespaces: ['search'] },
      unknown: ['an owner of search', 'the requester’s manager'],
    },
  ])
  expect(groupsOf(route({ owners: true }, ['search'])), 'without any group no one can approve').toEqual([[]])
  expect(groupsOf(route({ owners: true }, ['checkout-eu'], mina, 'staging')), 'in another cluster').toEqual([[]])
})

test('a manager is found by the verified address only, in any of its spellings', () => {
  expect(groupsOf(route({ manager: true }, ['payments']))).toEqual([['person:olga']])
  expect(groupsOf(route({ manager: true }, ['payments'], { ...mina, emailVerified: false }))).toEqual([[]])
})

test('a requester who owns the namespace is not the one who could approve', () => {
  const priya = { subject: 'priya', email: 'priya@example.com', emailVerified: true }
  expect(groupsOf(route({ owners: true }, ['checkout-eu'], priya))).toEqual([[]])
})

test('someone who is no longer an owner no longer counts, also after the namespaces were narrowed', () => {
  const step: ApprovalStep = { groups: ['sre'], count: 1, owners: true }
  const entitlement = { approvals: [step] }
  const steps = route(step, ['ledger', 'checkout-eu'])
  const submitted = { steps, entitlement, cluster: 'prod-eu', requester: mina }
  const groups = ['payments-leads', 'sre', 'person:priya@example.com']
  expect(groupsThatCount(groups, submitted, [step], routing)).toEqual(groups)
  expect(groupsThatCount(groups, submitted, [step], {})).toEqual(['sre'])
  expect(currentApprovalSteps(submitted, [step], {}), 'and the step is not one that a guardrail added').toMatchObject([
    { groups: ['sre'] },
  ])
})

test('the people of a policy are those whom steps, escalations, owners and managers name', () => {
  const approvals = [
    { groups: ['sre', 'person:a@example.com'], count: 1, escalate: [{ after: 60, groups: ['person:b'] }] },
  ]
  expect([...namedPeople({ ...routing, entitlements: [{ approvals }] })].sort()).toEqual([
    'person:a@example.com',
    'person:b',
    'person:olga',
    'person:priya@example.com',
  ])
})
