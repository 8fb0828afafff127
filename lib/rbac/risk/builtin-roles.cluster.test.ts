import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { Rule } from '#lib/access/rule'
import { startTestParts } from '#local/parts'
import { assessRisk } from './assess.ts'

type PolicyRule = Partial<Rule> & { verbs: string[] }
type ClusterRole = { metadata: { name: string; labels?: Record<string, string> }; rules: PolicyRule[] | null }

/** Rules over resources; those over paths such as /metrics are no rules that Postern grants. */
const resourceRules = (role: ClusterRole): Rule[] =>
  (role.rules ?? []).flatMap((rule) =>
    rule.apiGroups && rule.resources ? [{ ...rule, apiGroups: rule.apiGroups, resources: rule.resources }] : [],
  )

function verdictOf(role: ClusterRole): string {
  const { severity, findings } = assessRisk(resourceRules(role))
  const lines = findings
    .filter(({ partOf }) => partOf.length === 0)
    .map((finding) => `  ${finding.severity.padEnd(6)} ${finding.id}: ${finding.because.join(', ')}`)
  return [`${role.metadata.name}: ${severity}`, ...lines].join('\n')
}

test('every role that the API server brings has the verdict that was reviewed', async () => {
  const { kubernetes } = await startTestParts()
  const args = [`--kubeconfig=${kubernetes.adminKubeconfig}`, 'get', 'clusterroles', '-o', 'json']
  const { items } = JSON.parse(execFileSync(kubernetes.kubectl, args, { encoding: 'utf8', maxBuffer: 1 << 26 })) as {
    items: ClusterRole[]
  }
  const builtin = items
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/bootstrapping'] === 'rbac-defaults')
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  expect(builtin.length).toBeGreaterThan(60)
  // Filled by a controller soon after the start; empty they would be judged harmless.
  for (const name of ['view', 'edit', 'admin'])
    expect(builtin.find(({ metadata }) => metadata.name === name)?.rules?.length, name).toBeGreaterThan(0)
  await expect(`${builtin.map(verdictOf).join('\n\n')}\n`).toMatchFileSnapshot('./builtin-roles.reviewed.txt')
})
