import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { severities } from '#lib/core/access/severity'
import { aRules } from '#lib/core/rbac/arbitrary.testing'
import { growthOf } from '#testing/steps'
import { assessRisk, type ServiceAccountRights } from './assess.ts'
import { catalogue } from './catalogue.ts'
import { rule } from './entry.ts'

const rank = (rules: readonly Rule[], context = {}) => severities.indexOf(assessRisk(rules, context).severity)

describe('severity', () => {
  test('is low without findings for harmless rules and for no rules', () => {
    expect(assessRisk([rule(['get', 'list', 'watch'], ['pods', 'services', 'configmaps'])])).toEqual({
      severity: 'low',
      findings: [],
    })
    expect(assessRisk([])).toEqual({ severity: 'low', findings: [] })
  })

  test('is that of the most severe finding, which comes first with its rules and reasons', () => {
    const rules = [rule(['get'], ['pods/log']), rule(['patch'], ['deployments'], 'apps'), rule(['list'], ['secrets'])]
    const { severity, findings } = assessRisk(rules)
    expect(severity).toBe('high')
    expect(findings.map(({ id }) => id)).toEqual(['reads-secrets', 'writes-workloads', 'reads-logs'])
    expect(findings[0]).toMatchObject({ rules: [rules[2]], because: ['list secrets'], partOf: [] })
  })

  test('of a part is still a finding that guardrails see, and names the larger finding', () => {
    const { findings } = assessRisk([rule(['create', 'get'], ['secrets'])])
    expect(findings.find(({ id }) => id === 'reads-secrets')?.partOf).toEqual(['makes-lasting-tokens'])
    expect(findings.find(({ id }) => id === 'makes-lasting-tokens')?.partOf).toEqual([])
    const everything = assessRisk([rule(['*'], ['*'], '*')])
    expect(everything.findings.filter(({ partOf }) => partOf.length === 0).map(({ id }) => id)).toEqual(['everything'])
  })

  test('never falls and no finding disappears when a rule is added', () => {
    const anExample = fc.constantFrom(...catalogue.flatMap((entry) => entry.example))
    const some = fc.array(
      fc.oneof(
        anExample,
        aRules.map((rules) => rules[0] ?? rule(['get'], ['pods'])),
      ),
      { maxLength: 6 },
    )
    const accounts: ServiceAccountRights[] = [
      { namespace: 'payments', name: 'ci', rules: [rule(['list'], ['secrets']), rule(['get'], ['pods'])] },
      { namespace: 'payments', name: 'default', rules: [rule(['get'], ['pods/log'])] },
    ]
    const contexts = [{}, { scope: 'namespace' }, { namespaceKind: 'privileged' }, { serviceAccounts: accounts }]
    fc.assert(
      fc.property(some, some, fc.constantFrom(...contexts), (rules, more, context) => {
        expect(rank([...rules, ...more], context)).toBeGreaterThanOrEqual(rank(rules, context))
        const ids = new Set(assessRisk([...more, ...rules]).findings.map(({ id }) => id))
        for (const { id } of assessRisk(rules).findings) expect(ids).toContain(id)
      }),
      { numRuns: 300 },
    )
  })

  test('costs no more than the width of the widest rules', () => {
    const rulesOf = (width: number, count: number) => {
      const values = (prefix: string) => Array.from({ length: width }, (_, n) => `${prefix}${n}`)
      const wide = { apiGroups: values('g'), resources: values('r'), resourceNames: values('n') }
      return [
        ...Array.from({ length: count }, () => ({ ...wide, verbs: ['create', 'patch', 'deletecollection'] })),
        ...Array.from({ length: count }, () => ({ ...wide, apiGroups: [...values('g'), 'apps'], verbs: ['*'] })),
      ]
    }
    const growth = (size: number, rulesOfSize: (size: number) => Rule[]) =>
      growthOf(size, (size) => {
        const rules = rulesOfSize(size)
        return () => assessRisk(rules)
      })
    expect(growth(16, (width) => rulesOf(width, 8))).toBeLessThan(5)
    expect(growth(8, (count) => rulesOf(16, count))).toBeLessThan(5)
  })
})

describe('the context of an assessment', () => {
  test('hides risks over cluster-wide objects where the rules are bound in a namespace', () => {
    const rules = [rule(['impersonate'], ['users']), rule(['get'], ['nodes/proxy']), rule(['patch'], ['namespaces'])]
    expect(assessRisk(rules, { scope: 'namespace' }).findings.map(({ id }) => id)).toEqual(['changes-namespaces'])
    expect(assessRisk(rules).findings).toHaveLength(3)
  })

  const accounts: ServiceAccountRights[] = [
    { namespace: 'payments', name: 'default', rules: [rule(['get'], ['pods'])] },
    { namespace: 'payments', name: 'ci', rules: [rule(['create'], ['rolebindings'], 'rbac.authorization.k8s.io')] },
  ]
  const restart = [rule(['get', 'patch'], ['deployments'], 'apps'), rule(['get'], ['pods'])]

  test('names service accounts that may do more than the rules, and raises the severity to theirs', () => {
    const { severity, findings } = assessRisk(restart, { serviceAccounts: accounts })
    expect(severity).toBe('high')
    expect(findings[0]?.because).toEqual([
      'patch deployments',
      'service account payments/ci may also create rolebindings.rbac.authorization.k8s.io',
    ])
    expect(assessRisk(restart).severity).toBe('medium')
    expect(assessRisk([rule(['get'], ['pods'])], { serviceAccounts: accounts }).severity).toBe('low')
  })

  test('ignores permissions of service accounts that the requester already holds', () => {
    const holds = accounts.flatMap(({ rules }) => rules)
    expect(assessRisk(restart, { serviceAccounts: accounts, holds }).severity).toBe('medium')
  })

  test('counts only the service account that a rule names', () => {
    const token = { ...rule(['create'], ['serviceaccounts/token']), resourceNames: ['default'] }
    const [finding] = assessRisk([token], { serviceAccounts: accounts }).findings
    expect(finding?.because).toEqual([
      'create serviceaccounts/token',
      'service account payments/default may also get pods',
    ])
  })

  test('lists five service accounts and the number of the others', () => {
    const many = Array.from({ length: 40 }, (_, n) => ({
      namespace: 'p',
      name: `sa-${n}`,
      rules: [rule(['delete'], [`widgets${n}`], 'example.com')],
    }))
    const because = assessRisk(restart, { serviceAccounts: many }).findings[0]?.because ?? []
    expect(because).toHaveLength(7)
    expect(because.at(-1)).toBe('and 35 more')
  })

  test('turns resources that the cluster does not have into a low finding', () => {
    const knownResources = new Set(['pods', 'deployments.apps'])
    const [finding] = assessRisk([rule(['get'], ['deployment'], 'apps')], { knownResources }).findings
    expect(finding).toMatchObject({ id: 'unknown-resources', severity: 'low' })
    expect(assessRisk([rule(['get'], ['pods'])], { knownResources }).findings).toEqual([])
  })
})
