import { expect, test } from 'vitest'
import { entitlementSchema } from '#lib/core/access/entitlement'
import { stepsOf } from '#testing/steps'
import { widestRules } from '#testing/widest-rules'
import { compileGuardrails } from './configured/compile.ts'
import { guardrailSchema } from './configured/schema.ts'
import type { JudgementFacts } from './facts.ts'
import { judgeFully } from './judge.ts'

const parsed = guardrailSchema.parse({
  name: 'no-deleting',
  description: 'For a test.',
  effect: 'deny',
  when: "rules.exists(r, r.verbs.exists(v, v.startsWith('delete')))",
})
const guardrails = compileGuardrails([parsed])
if (!guardrails.ok) throw new Error(JSON.stringify(guardrails.problems))
const { compiled } = guardrails

const factsWith = (rules: JudgementFacts['submission']['rules']): JudgementFacts => ({
  submission: {
    entitlement: 'chosen',
    cluster: 'prod-eu',
    namespaces: ['payments'],
    rules: rules ?? null,
    reason: 'checkout hangs, restart',
    durationSeconds: 600,
  },
  entitlement: entitlementSchema.parse({
    name: 'chosen',
    title: 'Chosen rules',
    who: { groups: ['sre'] },
    clusters: ['prod-eu'],
    namespaces: ['*'],
    ceiling: [{ apiGroups: ['', 'apps'], resources: ['*'], verbs: ['*'] }],
    duration: { default: 'PT10M', max: 'PT1H' },
    reason: { minLength: 5 },
    approvals: [],
  }),
  requester: { subject: 'ed', groups: ['sre'], email: null },
  cluster: {
    name: 'prod-eu',
    known: true,
    labels: {},
    namespaces: [{ name: 'payments', labels: {} }],
    clusterRoles: {},
  },
  currentAccess: {
    difference: { known: false, why: 'For a test.' },
    risk: { knownResources: new Set(Array.from({ length: 400 }, (_, n) => `kind${n}.group${n % 30}.example/status`)) },
  },
  policyHash: 'sha256:0',
  now: new Date('2026-11-23T09:00:00Z'),
})

test('a request with too many permissions is refused without evaluating a guardrail on its rules', () => {
  const { verdict, policyFacts } = judgeFully(compiled, factsWith(widestRules))
  expect(verdict.violations.map(({ code }) => code)).toEqual(['rules-too-many'])
  expect(policyFacts.rules).toBeNull()
})

test('judging the widest rules that a body can hold takes little work', () => {
  expect(stepsOf(() => judgeFully(compiled, factsWith(widestRules)))).toBeLessThan(20_000)
})

test('judging the widest rules with few enough permissions takes little work', () => {
  const narrow = widestRules.map((rule) => ({ ...rule, verbs: ['get', 'list', 'delete', 'patch'], apiGroups: ['*'] }))
  const { verdict } = judgeFully(compiled, factsWith(narrow))
  expect(verdict.violations.map(({ code }) => code)).toEqual([
    ...narrow.map(() => 'rules-outside-ceiling'),
    'no-deleting',
  ])
  expect(stepsOf(() => judgeFully(compiled, factsWith(narrow)))).toBeLessThan(500_000)
})
