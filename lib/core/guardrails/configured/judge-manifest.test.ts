import { describe, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { compileGuardrails } from './compile.ts'
import { judgeManifest, type ManifestFacts, notApplicable } from './judge-manifest.ts'
import { type GuardrailInput, guardrailSchema } from './schema.ts'

const rule = (verbs: string[], resources: string[], apiGroups = ['']): Rule => ({ verbs, resources, apiGroups })
const compile = (...guardrails: Partial<GuardrailInput>[]) => {
  const parsed = guardrails.map((guardrail, index) =>
    guardrailSchema.parse({ name: `g${index}`, description: 'Because.', effect: 'deny', ...guardrail }),
  )
  const result = compileGuardrails(parsed)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.compiled
}
const facts = (changes: Partial<ManifestFacts> = {}): ManifestFacts => ({
  cluster: { name: 'prod-eu', labels: { environment: 'prod' } },
  reach: { namespace: 'payments' },
  rules: [rule(['delete'], ['pods'])],
  risks: [{ id: 'deletes-pods', severity: 'low' }],
  ...changes,
})
const judged = (guardrail: Partial<GuardrailInput>, changes: Partial<ManifestFacts> = {}) =>
  judgeManifest(compile(guardrail), facts(changes)).map(({ kind, sentence }) => `${kind}: ${sentence}`)

const deleting = "rules.exists(r, 'delete' in r.verbs)"
const dependsOnRequest = 'inconclusive: Not evaluated: it depends on a request, and a manifest has none.'

describe('a guardrail on a manifest', () => {
  test('a guardrail about rules or risks is evaluated as for a request', () => {
    expect(judged({ when: deleting })).toEqual(['violation: Because.'])
    expect(judged({ when: "risks.exists(r, r.id == 'deletes-pods')", effect: 'warn' })).toEqual(['warning: Because.'])
    expect(judged({ when: deleting }, { rules: [rule(['get'], ['pods'])] })).toEqual([])
  })

  test('a guardrail applies only to the clusters and namespaces that it matches', () => {
    expect(judged({ match: { clusterLabels: { environment: 'dev' } } })).toEqual([])
    expect(judged({ match: { clusters: ['prod-*'], namespaces: ['pay*'] } })).toEqual(['violation: Because.'])
    expect(judged({ match: { namespaces: ['kube-*'] } })).toEqual([])
  })

  test('a guardrail about the requester is evaluated where the requester makes no difference, else inconclusive', () => {
    const when = `${deleting} && !requester.groups.exists(g, g == 'sre')`
    expect(judged({ when })).toEqual([dependsOnRequest])
    expect(judged({ when }, { rules: [rule(['get'], ['pods'])] })).toEqual([])
    expect(judged({ when: "requester.subject == 'x' || rules.size() > 0" })).toEqual(['violation: Because.'])
    expect(judged({ match: { groups: ['contractors'] }, when: deleting })).toEqual([
      'inconclusive: Not evaluated: it applies to specific groups, and a manifest has no requester. Its message: Because.',
    ])
  })

  test.each(['request.reason', 'request.ticket', 'request.entitlement', 'request.clusterRole', 'requester.email'])(
    '%s is unknown for a manifest, whatever it is compared with',
    (field) => {
      expect(judged({ when: `${field} == ''` })).toEqual([dependsOnRequest])
      expect(judged({ when: `${field} != ''` })).toEqual([dependsOnRequest])
    },
  )

  test('a guardrail whose evaluation fails counts as violated', () => {
    expect(judged({ when: "cluster.labels.tier == 'gold'" })[0]).toMatch(/^violation: Evaluation failed/)
  })

  test('a guardrail that requires a ticket or limits the duration is a condition that a manifest cannot meet', () => {
    expect(judged({ when: deleting, effect: 'require', require: { ticket: true } })).toEqual(['condition: Because.'])
    expect(judged({ when: deleting, effect: 'limit', limit: { maxDuration: 'PT1H' } })).toEqual(['condition: Because.'])
  })

  test('a guardrail about terms, time or entitlements alone does not apply to any manifest', () => {
    const compiled = compile(
      { effect: 'limit', limit: { maxDuration: 'PT1H' } },
      { when: 'now.getHours() > 20' },
      { match: { entitlements: ['break-glass'] } },
      { when: deleting },
    )
    expect(notApplicable(compiled).map(({ guardrail }) => guardrail)).toEqual(['g0', 'g1', 'g2'])
    expect(judgeManifest(compiled, facts()).map(({ guardrail }) => guardrail)).toEqual(['g3'])
  })
})

describe('where the rules apply', () => {
  const match = { namespaces: ['kube-*'] }
  test('rules that are bound in the whole cluster violate guardrails of every namespace', () => {
    expect(judged({ match }, { reach: 'everywhere' })).toEqual([
      'violation: The binding applies to every namespace, including these. Because.',
    ])
  })
  test('a guardrail of certain namespaces is inconclusive if the manifest does not specify a namespace', () => {
    expect(judged({ match }, { reach: 'somewhere' })[0]).toMatch(/^inconclusive: /)
    expect(judged({ when: "namespaceObject.metadata.name == 'x'" }, { reach: 'somewhere' })[0]).toMatch(
      /^inconclusive: /,
    )
  })
  test('only guardrails that do not depend on a namespace are evaluated for a ClusterRole', () => {
    expect(judged({ match }, { reach: 'unbound' })).toEqual([])
    expect(judged({ when: deleting }, { reach: 'unbound' })).toEqual(['violation: Because.'])
  })
  test('a guardrail about the labels of a namespace is inconclusive, because a manifest does not have them', () => {
    expect(judged({ match: { namespaceLabels: { tier: 'gold' } } })[0]).toMatch(/^inconclusive: /)
    expect(judged({ when: "namespaceObject.metadata.labels.tier == 'gold'" })[0]).toMatch(/^inconclusive: /)
    expect(judged({ when: "namespaceObject.metadata.name == 'payments'" })).toEqual(['violation: Because.'])
  })
})
