import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { type PolicyRule, pathRules, resourceRules } from '#lib/core/rbac/cluster-objects'
import { startTestParts } from '#local/parts/parts'
import { assessRisk } from './assess.ts'

type ClusterRole = { metadata: { name: string; labels?: Record<string, string> }; rules: PolicyRule[] | null }

function verdictOf(role: ClusterRole): string {
  const { severity, findings } = assessRisk(resourceRules(role.rules), { paths: pathRules(role.rules) })
  const lines = findings
    .filter(({ partOf }) => partOf.length === 0)
    .map((finding) => `  ${finding.severity.padEnd(6)} ${finding.id}: ${finding.because.join(', ')}`)
  return [`${role.metadata.name}: ${severity}`, ...lines].join('\n')
}

type Role = { metadata: { namespace: string; name: string }; rules: PolicyRule[] | null }

/** The objects of a kind that the API server creates itself, sorted by name. */
async function builtin<Item extends ClusterRole | Role>(what: string): Promise<Item[]> {
  const { kubernetes } = await startTestParts()
  const args = [`--kubeconfig=${kubernetes.adminKubeconfig}`, 'get', what, '-A', '-o', 'json']
  const { items } = JSON.parse(
    execFileSync(kubernetes.kubectl, [...args, '-l', 'kubernetes.io/bootstrapping=rbac-defaults'], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    }),
  ) as { items: Item[] }
  return items.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
}

test('every built-in ClusterRole has its reviewed verdict', async () => {
  const roles = await builtin<ClusterRole>('clusterroles')
  expect(roles.length).toBeGreaterThan(60)
  // A controller fills these soon after the start. Empty roles would be judged harmless.
  for (const name of ['view', 'edit', 'admin'])
    expect(roles.find(({ metadata }) => metadata.name === name)?.rules?.length, name).toBeGreaterThan(0)
  await expect(`${roles.map(verdictOf).join('\n\n')}\n`).toMatchFileSnapshot('./builtin-roles.reviewed.txt')
})

test('builtin-roles.json holds the built-in roles of the API server', async () => {
  const [clusterRoles, roles] = [await builtin<ClusterRole>('clusterroles'), await builtin<Role>('roles')]
  const known = {
    ClusterRole: Object.fromEntries(clusterRoles.map(({ metadata, rules }) => [metadata.name, rules ?? []])),
    Role: Object.fromEntries(
      roles.map(({ metadata, rules }) => [`${metadata.namespace}/${metadata.name}`, rules ?? []]),
    ),
  }
  await expect(`${JSON.stringify(known, null, 1)}\n`).toMatchFileSnapshot('../builtin-roles.json')
})
