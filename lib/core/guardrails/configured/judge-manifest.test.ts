import { describe, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { compileGuardrails } from './compile.ts'
import { judgeManifest, type ManifestFacts, neverJudged } from './judge-manifest.ts'
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

describe('a guardrail on a manifest', () => {
  test('that is about rules or risks is judged as on a request', () => {
    expect(judged({ when: deleting })).toEqual(['violation: Because.'])
    expect(judged({ when: "risks.exists(r, r.id == 'deletes-pods')", effect: 'warn' })).toEqual(['warning: Because.'])
    expect(judged({ when: deleting }, { rules: [rule(['get'], ['pods'])] })).toEqual([])
  })

  test('looks at the clusters and namespaces that it is for', () => {
    expect(judged({ match: { clusterLabels: { environment: 'dev' } } })).toEqual([])
    expect(judged({ match: { clusters: ['prod-*'], namespaces: ['pay*'] } })).toEqual(['violation: Because.'])
    expect(judged({ match: { namespaces: ['kube-*'] } })).toEqual([])
  })

  test('that asks who asks is judged as far as that does not matter, and is never passed by it', () => {
    const when = `${deleting} && !requester.groups.exists(g, g == 'sre')`
    expect(judged({ when })).toEqual(['unjudged: Not judged: nobody asks, it is a manifest.'])
    expect(judged({ when }, { rules: [rule(['get'], ['pods'])] })).toEqual([])
    expect(judged({ when: "requester.subject == 'x' || rules.size() > 0" })).toEqual(['violation: Because.'])
    expect(judged({ match: { groups: ['contractors'] }, when: deleting })).toEqual([
      'unjudged: Not judged: it is for certain groups, and who will use this is not known. It may say: Because.',
    ])
  })

  test.each(['request.reason', 'request.ticket', 'request.entitlement', 'request.clusterRole', 'requester.email'])(
    '%s is not known, whatever it is compared with',
    (field) => {
      expect(judged({ when: `${field} == ''` })).toEqual(['unjudged: Not judged: nobody asks, it is a manifest.'])
      expect(judged({ when: `${field} != ''` })).toEqual(['unjudged: Not judged: nobody asks, it is a manifest.'])
    },
  )

  test('that fails counts as violated', () => {
    expect(judged({ when: "cluster.labels.tier == 'gold'" })[0]).toMatch(/^violation: It could not be judged/)
  })

  test('that wants a ticket or sets hours is a condition that no manifest fulfils', () => {
    expect(judged({ when: deleting, effect: 'require', require: { ticket: true } })).toEqual(['condition: Because.'])
    expect(judged({ when: deleting, effect: 'limit', limit: { maxDuration: 'PT1H' } })).toEqual(['condition: Because.'])
  })

  test('that is about terms, hours or entitlements alone is said once, for all manifests', () => {
    const compiled = compile(
      { effect: 'limit', limit: { maxDuration: 'PT1H' } },
      { when: 'now.getHours() > 20' },
      { match: { entitlements: ['break-glass'] } },
      { when: deleting },
    )
    expect(neverJudged(compiled).map(({ guardrail }) => guardrail)).toEqual(['g0', 'g1', 'g2'])
    expect(judgeManifest(compiled, facts()).map(({ guardrail }) => guardrail)).toEqual(['g3'])
  })
})

describe('where the rules hold', () => {
  const match = { namespaces: ['kube-*'] }
  test('is every namespace where they are bound in the cluster, the protected ones as well', () => {
    expect(judged({ match }, { reach: 'everywhere' })).toEqual([
      'violation: It reaches every namespace, these as well. Because.',
    ])
  })
  test('is left open where the manifest names no namespace', () => {
    expect(judged({ match }, { reach: 'somewhere' })[0]).toMatch(/^unjudged: /)
    expect(judged({ when: "namespaceObject.metadata.name == 'x'" }, { reach: 'somewhere' })[0]).toMatch(/^unjudged: /)
  })
  test('is nowhere yet for a ClusterRole: only what depends on no namespace is judged', () => {
    expect(judged({ match }, { reach: 'unbound' })).toEqual([])
    expect(judged({ when: deleting }, { reach: 'unbound' })).toEqual(['violation: Because.'])
  })
  test('counts for labels of the namespace, which are not known', () => {
    expect(judged({ match: { namespaceLabels: { tier: 'gold' } } })[0]).toMatch(/^unjudged: /)
    expect(judged({ when: "namespaceObject.metadata.labels.tier == 'gold'" })[0]).toMatch(/^unjudged: /)
    expect(judged({ when: "namespaceObject.metadata.name == 'payments'" })).toEqual(['violation: Because.'])
  })
})
