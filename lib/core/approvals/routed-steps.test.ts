import { expect, test } from 'vitest'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { type NamespaceLabels, ownerLabelSchema } from '#lib/core/access/owner-labels'
import { managerSchema, namedPeople, ownersSchema, type Routing, routeSteps } from '#lib/core/access/routing'
import { currentApprovalSteps, groupsThatCount, stepsThatCount, withLabelsStillSet } from './current-steps.ts'

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

const byLabel: Routing = {
  owners: [ownersSchema.parse({ namespaces: ['payments'], groups: ['payments-leads'] })],
  ownerLabels: [
    ownerLabelSchema.parse({
      ...{ label: 'team', clusters: ['prod-eu'], setBy: { groups: ['platform'] } },
      values: { search: { groups: ['search-leads'] }, pay: { people: ['priya@example.com'] } },
    }),
  ],
}
const labelled = (labels: Record<string, NamespaceLabels>, cluster = 'prod-eu') =>
  routeSteps(
    [{ groups: ['sre'], count: 1, owners: true }],
    { cluster, namespaces: Object.keys(labels), requester: mina, labels: new Map(Object.entries(labels)) },
    byLabel,
  )

test('the label of a namespace selects its owners among those whom the configuration lists', () => {
  const [a, b] = [{ labels: { team: 'search' } }, { labels: { team: 'pay' } }]
  expect(labelled({ a, b })).toMatchObject([
    { groups: ['sre', 'search-leads'], namespaces: ['a'], ownerLabels: { a: { team: 'search' } } },
    { groups: ['sre', 'person:priya@example.com'], namespaces: ['b'] },
  ])
})

test.each<[string, Record<string, string>]>([
  ['a group that the configuration does not list', { team: 'friends' }],
  ['a group by its name', { team: 'search-leads' }],
  ['a person', { team: 'mina@example.com' }],
  ['a reserved group', { team: 'person:mina' }],
  ['a member of every object', { team: 'constructor' }],
  ['another spelling', { team: 'Search' }],
  ['nothing, under another key', { owner: 'search' }],
])('a label that names %s selects no owner', (_, labels) => {
  expect(labelled({ a: { labels } })).toEqual([
    {
      ...{ groups: ['sre'], named: ['sre'], count: 1, owners: true, namespaces: ['a'] },
      unknown: ['an owner of a'],
    },
  ])
})

test('a label counts in no other cluster, and adds no owner to a namespace whose owners the configuration names', () => {
  const a = { labels: { team: 'search' } }
  expect(groupsOf(labelled({ a }, 'staging'))).toEqual([['sre']])
  expect(groupsOf(labelled({ payments: a }))).toEqual([['sre', 'payments-leads']])
})

test('a label that may not count is no owner, and the step says why', () => {
  expect(labelled({ a: { why: 'the requester can set its label' } })).toMatchObject([
    { groups: ['sre'], unknown: ['an owner of a (the requester can set its label)'] },
  ])
})

test('owners by a label are those of the submission, as long as the configuration still lists them for it', () => {
  const owned: ApprovalStep = { groups: ['sre'], count: 1, owners: true }
  const steps = labelled({ a: { labels: { team: 'search' } } })
  const submitted = { steps, entitlement: { approvals: [owned] }, cluster: 'prod-eu', requester: mina }
  const groups = (routing: Routing, counting = steps) =>
    groupsOf(stepsThatCount({ ...submitted, steps: counting }, [owned], routing))
  expect(groups(byLabel)).toEqual([['sre', 'search-leads']])
  expect(groups({}), 'the label counts no more').toEqual([['sre']])
  const now = [ownersSchema.parse({ namespaces: ['a'], groups: ['a-leads'] })]
  expect(groups({ ...byLabel, owners: now }), 'the configuration names others').toEqual([['sre']])
  const still = (labels: Record<string, string>) => withLabelsStillSet(steps, [{ name: 'a', labels }])
  expect(groups(byLabel, still({ team: 'search', other: 'x' }))).toEqual([['sre', 'search-leads']])
  expect(groups(byLabel, still({ team: 'pay' })), 'the namespace has another label').toEqual([['sre']])
  expect(groups(byLabel, withLabelsStillSet(steps, [])), 'the namespace is gone').toEqual([['sre']])
})

test('a manager is found by the verified address only, in any of its spellings', () => {
  expect(groupsOf(route({ manager: true }, ['payments']))).toEqual([['person:olga']])
  expect(groupsOf(route({ manager: true }, ['payments'], { ...mina, emailVerified: false }))).toEqual([[]])
})

test('a manager comes from the claim only where the configuration names it and has no manager for the person', () => {
  const claim: Routing = { identity: { managerClaim: 'manager' } }
  const asked: ApprovalStep = { groups: ['sre'], count: 1, manager: true }
  const jonas = { subject: 'jonas', email: 'jonas@example.com', emailVerified: true, manager: 'priya@example.com' }
  const managed = (requester: Parameters<typeof routeSteps>[1]['requester'], by: Routing) =>
    groupsOf(routeSteps([asked], { cluster: 'prod-eu', namespaces: ['a'], requester }, by))
  expect(managed(jonas, claim)).toEqual([['sre', 'person:priya@example.com']])
  expect(managed(jonas, {}), 'without the claim').toEqual([['sre']])
  expect(managed({ ...jonas, manager: null }, claim)).toEqual([['sre']])
  expect(managed({ ...jonas, manager: 'jonas@example.com' }, claim), 'of themselves').toEqual([['sre']])
  const both = { ...claim, ...routing }
  expect(managed({ ...mina, manager: 'friend@example.com' }, both), 'the configuration comes first').toEqual([
    ['sre', 'person:olga'],
  ])
  const steps = routeSteps([asked], { cluster: 'prod-eu', namespaces: ['a'], requester: jonas }, claim)
  const now = { steps, entitlement: { approvals: [asked] }, cluster: 'prod-eu' }
  const counting = (manager: string | null) =>
    groupsOf(stepsThatCount({ ...now, requester: { ...jonas, manager } }, [asked], claim))
  expect(counting('priya@example.com')).toEqual([['sre', 'person:priya@example.com']])
  expect(counting('olga@example.com'), 'someone who is no longer the manager loses their say').toEqual([['sre']])
  expect(counting(null)).toEqual([['sre']])
})

test('with a claim for managers, everyone with a verified address can be named', () => {
  const named = namedPeople({ identity: { managerClaim: 'manager' }, entitlements: [], guardrails: [] })
  expect(['person:any@example.com', 'person:subject', 'sre'].map((group) => named.has(group))).toEqual([
    true,
    false,
    false,
  ])
})

test('a requester who owns the namespace is not the one who could approve', () => {
  const priya = { subject: 'priya', email: 'priya@example.com', emailVerified: true }
  expect(groupsOf(route({ owners: true }, ['checkout-eu'], priya))).toEqual([[]])
})

test('someone who is no longer an owner no longer counts, also after the namespaces were narrowed', () => {
  const owned: ApprovalStep = { groups: ['sre'], count: 1, owners: true }
  const entitlement = { approvals: [owned] }
  const steps = route(owned, ['ledger', 'checkout-eu'])
  const submitted = { steps, entitlement, cluster: 'prod-eu', requester: mina }
  const groups = ['payments-leads', 'sre', 'person:priya@example.com']
  expect(groupsThatCount(groups, submitted, [owned], routing)).toEqual(groups)
  expect(groupsThatCount(groups, submitted, [owned], {})).toEqual(['sre'])
  expect(currentApprovalSteps(submitted, [owned], {}), 'and the step is not one that a guardrail added').toMatchObject([
    { groups: ['sre'] },
  ])
})

const step = (...groups: string[]): ApprovalStep => ({ groups, count: 1 })

test.each<[string, before: string[][], now: string[][], counting: string[][]]>([
  ['nothing changed', [['a'], ['b']], [['a'], ['b']], [['a'], ['b']]],
  ['a group was moved to the next step', [['a'], ['b']], [['c'], ['a', 'b']], [[], ['b']]],
  ['a group was moved to the step before', [['a', 'b'], ['c']], [['a', 'b', 'c'], ['d']], [['a', 'b'], []]],
  ['a group of several was moved', [['a', 'b'], ['c']], [['b'], ['a', 'c']], [['b'], ['c']]],
  ['a group was moved and steps were added', [['a'], ['b']], [['d'], ['e'], ['a', 'b']], [[], ['b']]],
  ['the steps have another order', [['a'], ['b']], [['b'], ['a']], [['a'], ['b']]],
  ['a step was added in front', [['a'], ['b']], [['d'], ['a'], ['b', 'c']], [['a'], ['b']]],
  ['a step was removed', [['a'], ['b']], [['b']], [['a'], ['b']]],
  ['a step was replaced', [['a']], [['c']], [[]]],
  ['no approval is needed any more', [['a'], ['b']], [], [['a'], ['b']]],
])('each submitted step keeps the groups that its own successor names: %s', (_, before, now, counting) => {
  const approvals = before.map((groups) => step(...groups))
  const submitted = { steps: approvals, entitlement: { approvals }, cluster: 'prod-eu', requester: mina }
  const current = now.map((groups) => step(...groups))
  expect(groupsOf(stepsThatCount(submitted, current, routing))).toEqual(counting)
  expect(groupsOf(stepsThatCount(submitted, null, routing)), 'of a removed entitlement').toEqual(before)
})

test('an escalation keeps the groups that its own step still names, and a step that a guardrail added keeps all', () => {
  const escalating = (...groups: string[]) => ({ ...step('a'), escalate: [{ after: 60, groups }] })
  const approvals = [escalating('b', 'c'), step('d')]
  const submitted = {
    steps: [...approvals, step('g')],
    entitlement: { approvals },
    cluster: 'prod-eu',
    requester: mina,
  }
  const [first, , added] = stepsThatCount(submitted, [escalating('c'), step('d', 'b')], routing)
  expect([first?.escalate, added?.groups]).toEqual([[{ after: 60, groups: ['c'] }], ['g']])
  expect(stepsThatCount(submitted, [step('a'), step('d', 'b', 'c')], routing)[0]?.escalate).toEqual([])
})

test('a step of a guardrail escalates to those whom a guardrail of today still names for such a step', () => {
  const added = { ...step('security'), escalate: [{ after: 60, groups: ['sre', 'ciso'] }] }
  const entitlement = { approvals: [step('a')] }
  const submitted = { steps: [step('a'), added], entitlement, cluster: 'prod-eu', requester: mina }
  const requiring = (one: { groups: string[] } | { groupsExpression: string }, ...to: string[]) => ({
    require: { approvals: [{ ...one, escalate: [{ after: 60, groups: to }] }] },
  })
  const escalates = (...guardrails: ReturnType<typeof requiring>[]) =>
    stepsThatCount(submitted, entitlement.approvals, { guardrails })[1]?.escalate
  expect(escalates(requiring({ groups: ['security'] }, 'sre', 'ciso'))).toEqual(added.escalate)
  expect(escalates(requiring({ groups: ['security'] }, 'sre'))).toEqual([{ after: 60, groups: ['sre'] }])
  const without = { require: { approvals: [{ groups: ['security'], count: 1 }] } }
  expect(stepsThatCount(submitted, entitlement.approvals, { guardrails: [without] })[1]?.escalate).toEqual([])
  expect(escalates(requiring({ groupsExpression: '[]' }, 'ciso'))).toEqual([{ after: 60, groups: ['ciso'] }])
  expect(escalates(requiring({ groups: ['security', 'b'] })), 'required no more').toEqual(added.escalate)
})

test('the people of a policy are those whom steps, escalations, guardrails, owners and managers name', () => {
  const approvals = [
    { groups: ['sre', 'person:a@example.com'], count: 1, escalate: [{ after: 60, groups: ['person:b'] }] },
  ]
  const guardrails = [
    {
      require: {
        approvals: [
          { groups: ['sre', 'person:c'], count: 1, escalate: [{ after: 60, groups: ['person:d'] }] },
          { groupsExpression: '[]', count: 1, escalate: [{ after: 60, groups: ['person:e'] }] },
        ],
      },
    },
    { limit: {} },
  ]
  const labels = {
    ownerLabels: [
      ownerLabelSchema.parse({
        label: 'team',
        setBy: { users: ['x'] },
        values: { a: { people: ['f'], groups: ['g'] } },
      }),
    ],
  }
  expect(
    [
      ...(namedPeople({ ...routing, ...labels, entitlements: [{ approvals }], guardrails }) as ReadonlySet<string>),
    ].sort(),
  ).toEqual([
    'person:a@example.com',
    'person:b',
    'person:c',
    'person:d',
    'person:e',
    'person:f',
    'person:olga',
    'person:priya@example.com',
  ])
})
