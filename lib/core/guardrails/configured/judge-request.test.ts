import { describe, expect, test } from 'vitest'
import { entitlementSchema } from '#lib/core/access/entitlement'
import type { JudgementFacts } from '#lib/core/guardrails/facts'
import { compilePolicy, guardrailsSection } from '#lib/core/guardrails/section'
import { monday } from './facts.testing.ts'
import { judgeRequest } from './judge-request.ts'

const compiledFrom = (section: object) => {
  const result = compilePolicy(guardrailsSection.parse(section), new Map())
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.compiled
}
const entitlementWith = (ruleSource: object) =>
  entitlementSchema.parse({
    name: 'some',
    title: 'Some',
    who: { groups: ['dev'] },
    clusters: ['prod-eu'],
    namespaces: ['*'],
    duration: { default: 'PT30M', max: 'PT1H' },
    approvals: [{ groups: ['leads'], count: 1 }],
    ...ruleSource,
  })
const facts = (ruleSource: object, namespaces = ['payments']): JudgementFacts => ({
  submission: { entitlement: 'some', cluster: 'prod-eu', namespaces, reason: 'A reason', durationSeconds: 600 },
  entitlement: entitlementWith(ruleSource),
  requester: { subject: 'alice', groups: ['dev'], email: null },
  cluster: { name: 'prod-eu', known: true, labels: { environment: 'prod' }, namespaces: null, clusterRoles: {} },
  policyHash: 'sha256:0',
  now: monday,
})
const rule = (verbs: string[], resources: string[], apiGroups = ['']) => ({ apiGroups, resources, verbs })

describe('a request', () => {
  const policy = compiledFrom({ guardrailPack: { 'high-risk-two-approvers': true, 'no-wildcards-in-prod': true } })

  test('a request is judged by the rules of its entitlement and by their risks', () => {
    const restart = judgeRequest(policy, facts({ rules: [rule(['get', 'patch'], ['deployments/scale'], ['apps'])] }))
    expect([restart.violations, restart.requirements.approvers]).toEqual([[], 0])
    const secrets = judgeRequest(policy, facts({ rules: [rule(['list'], ['secrets'])] }))
    expect([secrets.violations, secrets.requirements.approvers]).toEqual([[], 2])
    const all = judgeRequest(policy, facts({ rules: [rule(['*'], ['*'], ['*'])] }))
    expect(all.violations.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['no-escalation', 'no-service-accounts', 'no-wildcards-in-prod']),
    )
  })

  test('a guardrail sees the risks of extensions, and those that the policy adds', () => {
    const forOperators = compiledFrom({
      guardrails: [
        {
          name: 'no-installing',
          description: 'Operators are installed from Git.',
          when: "risks.exists(r, r.id == 'installs-extensions' && r.severity == 'high')",
          effect: 'deny',
        },
      ],
    })
    const codes = (requested: JudgementFacts) =>
      judgeRequest(forOperators, requested).violations.map(({ code }) => code)
    const install = facts({ rules: [rule(['create'], ['subscriptions'], ['operators.coreos.com'])] })
    expect(codes(install)).toEqual(['no-installing'])
    expect(codes(facts({ rules: [rule(['get', 'list'], ['subscriptions'], ['operators.coreos.com'])] }))).toEqual([])
    const own = facts({ rules: [rule(['create'], ['plugins'], ['shop.example.com'])] })
    const { risks } = guardrailsSection.parse({
      risks: [
        {
          group: 'shop.example.com',
          resources: ['plugins'],
          verbs: ['create'],
          leadsTo: 'installs-extensions',
          why: 'installs a plugin',
        },
      ],
    })
    expect(codes(own)).toEqual([])
    expect(codes({ ...own, configuredRisks: risks })).toEqual(['no-installing'])
  })

  test('a guardrail applies only to clusters with its labels', () => {
    const wildcard = facts({ rules: [rule(['*'], ['pods'])] })
    const codes = (labels: Record<string, string>) =>
      judgeRequest(policy, { ...wildcard, cluster: { ...wildcard.cluster, labels } }).violations.map(({ code }) => code)
    expect(codes({ environment: 'prod' })).toEqual(['no-wildcards-in-prod'])
    expect(codes({ environment: 'staging' })).toEqual([])
  })

  test('a request whose rules are unknown is refused', () => {
    const { violations } = judgeRequest(policy, facts({ clusterRole: 'view' }))
    expect(violations.map(({ code }) => code)).toEqual(['guardrails-not-evaluated'])
  })

  test('a request for a namespace of the cluster itself is refused', () => {
    const { violations } = judgeRequest(policy, facts({ rules: [rule(['get'], ['pods'])] }, ['kube-system']))
    expect(violations).toMatchObject([{ code: 'protected-namespaces', pointer: '/namespaces/0' }])
  })
})
