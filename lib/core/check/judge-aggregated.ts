// What does an aggregated ClusterRole grant?
import { aggregate } from '#lib/core/rbac/aggregation'
import { type ClusterRole, pathRules, resourceRules } from '#lib/core/rbac/cluster-objects'
import { assessRisk } from '#lib/core/rbac/risk/assess'
import type { ExtensionRisk } from '#lib/core/rbac/risk/extension-kinds'
import type { Judged } from './finding.ts'
import { judgedOf } from './judge-role.ts'
import type { GrantedRules } from './known-roles.ts'
import type { Place } from './source.ts'

export type AggregatedRole = { name: string; place: Place }

/**
 * The rules of each aggregated role, as far as the input has them, and the risks that only their combination has. The
 * risks of a single part are findings of that part.
 */
export function judgeAggregated(
  roles: readonly AggregatedRole[],
  all: readonly ClusterRole[],
  configuredRisks: readonly ExtensionRisk[],
): { name: string; granted: GrantedRules; judged: Judged[] }[] {
  if (roles.length === 0) return []
  const findingsOf = ({ rules, paths }: GrantedRules) => assessRisk(rules, { paths, configuredRisks }).findings
  const rulesOf = ({ rules }: ClusterRole) => ({ rules: resourceRules(rules), paths: pathRules(rules) })
  const aggregated = new Map(aggregate(all).map((role) => [role.metadata.name, rulesOf(role)]))
  const idsOfParts = new Set(all.map(rulesOf).flatMap((part) => findingsOf(part).map(({ id }) => id)))
  return roles.map(({ name, place }) => {
    const granted = aggregated.get(name) ?? { rules: [], paths: [] }
    const findings = findingsOf(granted)
    const combined = findings.filter(({ id, partOf }) => partOf.length === 0 && !idsOfParts.has(id))
    const incomplete: Judged = {
      id: 'aggregated-role',
      severity: 'low',
      sentence: `Aggregates ClusterRoles by their labels. The checked manifests have ${granted.rules.length + granted.paths.length} of its rules; the cluster may have more.`,
      because: [],
      outlives: null,
      includes: [],
      places: [place],
      substance: null,
    }
    return { name, granted, judged: [incomplete, ...combined.map((risk) => judgedOf(risk, findings, [], place))] }
  })
}
