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
  test('nothing dangerous is low and finds nothing', () => {
    expect(assessRisk([rule(['get', 'list', 'watch'], ['pods', 'services', 'configmaps'])])).toEqual({
      severity: 'low',
      findings: [],
    })
    expect(assessRisk([])).toEqual({ severity: 'low', findings: [] })
  })

  test('the gravest comes first, with the rules that give it and how', () => {
    const rules = [rule(['get'], ['pods/log']), rule(['patch'], ['deployments'], 'apps'), rule(['list'], ['secrets'])]
    const { severity, findings } = assessRisk(rules)
    expect(severity).toBe('high')
    expect(findings.map(({ id }) => id)).toEqual(['reads-secrets', 'writes-workloads', 'reads-logs'])
    expect(findings[0]).toMatchObject({ rules: [rules[2]], because: ['list secrets'], partOf: [] })
  })

  test('parts of a larger finding say so, and stay findings for guardrails to see', () => {
    const { findings } = assessRisk([rule(['create', 'get'], ['secrets'])])
    expect(findings.find(({ id }) => id === 'reads-secrets')?.partOf).toEqual(['makes-lasting-tokens'])
    expect(findings.find(({ id }) => id === 'makes-lasting-tokens')?.partOf).toEqual([])
    const everything = assessRisk([rule(['*'], ['*'], '*')])
    expect(everything.findings.filter(({ partOf }) => partOf.length === 0).map(({ id }) => id)).toEqual(['everything'])
  })

  test('adding a rule never lowers it, and never hides a finding', { timeout: 60_000 }, () => {
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

  test('the widest rules that may be asked for cost in proportion to their width', () => {
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

describe('what is known besides the rules', () => {
  test('bound in a namespace, rights over objects of the cluster are not given', () => {
    const rules = [rule(['impersonate'], ['users']), rule(['get'], ['nodes/proxy']), rule(['patch'], ['namespaces'])]
    expect(assessRisk(rules, { scope: 'namespace' }).findings.map(({ id }) => id)).toEqual(['changes-namespaces'])
    expect(assessRisk(rules).findings).toHaveLength(3)
  })

  const accounts: ServiceAccountRights[] = [
    { namespace: 'payments', name: 'default', rules: [rule(['get'], ['pods'])] },
    { namespace: 'payments', name: 'ci', rules: [rule(['create'], ['rolebindings'], 'rbac.authorization.k8s.io')] },
  ]
  const restart = [rule(['get', 'patch'], ['deployments'], 'apps'), rule(['get'], ['pods'])]

  test('service accounts that may do more than is asked for are named, and count', () => {
    const { severity, findings } = assessRisk(restart, { serviceAccounts: accounts })
    expect(severity).toBe('high')
    expect(findings[0]?.because).toEqual([
      'patch deployments',
      'service account payments/ci may also create rolebindings.rbac.authorization.k8s.io',
    ])
    expect(assessRisk(restart).severity).toBe('medium')
    expect(assessRisk([rule(['get'], ['pods'])], { serviceAccounts: accounts }).severity).toBe('low')
  })

  test('what the requester may do already is nothing more', () => {
    const holds = accounts.flatMap(({ rules }) => rules)
    expect(assessRisk(restart, { serviceAccounts: accounts, holds }).severity).toBe('medium')
  })

  test('tokens of one named service account are not tokens of the others', () => {
    const token = { ...rule(['create'], ['serviceaccounts/token']), resourceNames: ['default'] }
    const [finding] = assessRisk([token], { serviceAccounts: accounts }).findings
    expect(finding?.because).toEqual([
      'create serviceaccounts/token',
      'service account payments/default may also get pods',
    ])
  })

  test('many service accounts are counted, not all listed', () => {
    const many = Array.from({ length: 40 }, (_, n) => ({
      namespace: 'p',
      name: `sa-${n}`,
      rules: [rule(['delete'], [`widgets${n}`], 'example.com')],
    }))
    const because = assessRisk(restart, { serviceAccounts: many }).findings[0]?.because ?? []
    expect(because).toHaveLength(7)
    expect(because.at(-1)).toBe('and 35 more')
  })

  test('names that the cluster does not serve are told', () => {
    const knownResources = new Set(['pods', 'deployments.apps'])
    const [finding] = assessRisk([rule(['get'], ['deployment'], 'apps')], { knownResources }).findings
    expect(finding).toMatchObject({ id: 'unknown-resources', severity: 'low' })
    expect(assessRisk([rule(['get'], ['pods'])], { knownResources }).findings).toEqual([])
  })
})
