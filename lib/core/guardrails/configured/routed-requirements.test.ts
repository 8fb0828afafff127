import { expect, test } from 'vitest'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { ownersSchema, type RequestRouting, routeSteps } from '#lib/core/access/routing'
import { approvalSteps, asSubmitted, missingSteps } from './approval-steps.ts'
import { compileGuardrails } from './compile.ts'
import { monday, someFacts } from './facts.testing.ts'
import { judge } from './judge-configured.ts'
import { type GuardrailInput, guardrailSchema } from './schema.ts'

const rules = [
  { namespaces: ['payments'], groups: ['payments-leads'] },
  { namespaces: ['checkout'], people: ['priya@example.com'] },
]
const facts = (owners: object[] = rules, namespaces = ['payments', 'checkout']): RequestRouting => ({
  routing: { owners: owners.map((rule) => ownersSchema.parse(rule)) },
  facts: { cluster: 'prod-eu', namespaces, requester: { subject: 'alice', email: null, emailVerified: false } },
})

function required(routed: RequestRouting | undefined, ...guardrails: Partial<GuardrailInput>[]) {
  const parsed = guardrails.map((one, n) =>
    guardrailSchema.parse({ name: `g-${n}`, description: 'They agree.', effect: 'require', ...one }),
  )
  const result = compileGuardrails(parsed)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  const { requirements, violations } = judge(
    result.compiled,
    someFacts({ routed, submission: { namespaces: ['payments', 'checkout'] } }),
    monday,
  )
  return violations.length > 0 ? violations.map(({ sentence }) => sentence) : requirements.approvals
}
const asking = (step: object, match?: GuardrailInput['match']): Partial<GuardrailInput> => ({
  ...{ require: { approvals: [step as { owners: true }] } },
  ...(match ? { match } : {}),
})
const payments = { groups: ['payments-leads'], owners: true, named: [], namespaces: ['payments'], count: 1 }
const checkout = { ...payments, groups: ['person:priya@example.com'], namespaces: ['checkout'] }

test('a guardrail asks the owners of the namespaces that matched, one step for each set of owners', () => {
  expect(required(facts(), asking({ owners: true }))).toEqual([payments, checkout])
  expect(required(facts(), asking({ owners: true }, { namespaces: ['check*'] }))).toEqual([checkout])
  const byNamespace = { ...asking({ owners: true }), when: "namespaceObject.metadata.name == 'payments'" }
  expect(required(facts(), byNamespace)).toEqual([payments])
})

test('without anyone whom Postern knows, the guardrail counts as violated, unless its step names groups', () => {
  const unknown = 'an owner of payments, checkout'
  expect(required(facts([]), asking({ owners: true }))).toEqual([
    `Guardrail g-0 couldn't be evaluated, so it counts as violated: Postern knows no one else who is ${unknown}.`,
  ])
  expect(required(facts([]), asking({ owners: true, groups: ['sre'] }))).toMatchObject([
    { groups: ['sre'], unknown: [unknown] },
  ])
})

test('two guardrails that ask for the same owners, or for the group that owns, require one step', () => {
  const two = asking({ owners: true, count: 2 }, { namespaces: ['payments'] })
  expect(required(facts(), asking({ owners: true }, { namespaces: ['payments'] }), two)).toEqual([
    { ...payments, count: 2 },
  ])
  expect(required(facts(), asking({ groups: ['payments-leads'] }), asking({ owners: true }))).toEqual([
    payments,
    checkout,
  ])
  const own = [{ groups: ['payments-leads'], count: 1 }]
  expect(approvalSteps(own, { approvals: [payments as ApprovalStep], approvers: 0 })).toEqual(own)
})

test('where owners are unknown, steps of owners and of the manager stay as they are written and apart', () => {
  const written = [
    { groups: [], count: 1, owners: true },
    { groups: [], count: 1, manager: true },
  ]
  expect(required(undefined, asking({ owners: true }), asking({ manager: true }))).toEqual(written)
  expect(required({ ...facts([]), incomplete: true }, asking({ owners: true }))).toEqual(written.slice(0, 1))
})

test('of a submitted step that is written the same, later owners neither add a step nor take one away', () => {
  const route = (owners: object[]) =>
    routeSteps([{ groups: [], count: 1, owners: true }], facts().facts, facts(owners).routing)
  const one = [{ namespaces: ['payments', 'checkout'], groups: ['a'] }]
  const submitted = route(one)
  const apart = [...one, { namespaces: ['checkout'], groups: ['b'] }]
  for (const later of [one, apart, [{ namespaces: ['payments', 'checkout'], groups: ['b'] }]]) {
    const requirements = { approvals: route(later), approvers: 0 }
    expect(asSubmitted(requirements, submitted).approvals).toEqual(submitted)
    expect(missingSteps(submitted, requirements)).toEqual([])
  }
  const elsewhere = { ...submitted[0], namespaces: ['search'] } as ApprovalStep
  expect(missingSteps([elsewhere], { approvals: route(apart), approvers: 0 }), 'of other namespaces').toHaveLength(1)
  const written = { groups: ['a'], count: 1 }
  expect(missingSteps([written], { approvals: route(apart), approvers: 0 }), 'that names a group').toHaveLength(1)
})
