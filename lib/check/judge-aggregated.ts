// What does a ClusterRole give that takes its rules from others by their labels?
import type { Rule } from '#lib/access/rule'
import { aggregate } from '#lib/rbac/aggregation'
import { type ClusterRole, resourceRules } from '#lib/rbac/cluster-objects'
import { assessRisk } from '#lib/rbac/risk/assess'
import type { Judged } from './finding.ts'
import { judgedOf } from './judge-role.ts'
import type { Place } from './source.ts'

export type AggregatedRole = { name: string; place: Place }

/**
 * The rules of each aggregated role as far as the input holds them, and what they allow together that none of the parts
 * allows by itself: that is said of the parts.
 */
export function judgeAggregated(
  roles: readonly AggregatedRole[],
  all: readonly ClusterRole[],
): { name: string; rules: Rule[]; judged: Judged[] }[] {
  if (roles.length === 0) return []
  const filled = new Map(aggregate(all).map((role) => [role.metadata.name, resourceRules(role.rules)]))
  const saidOfParts = new Set(all.flatMap(({ rules }) => assessRisk(resourceRules(rules)).findings.map(({ id }) => id)))
  return roles.map(({ name, place }) => {
    const rules = filled.get(name) ?? []
    const { findings } = assessRisk(rules)
    const together = findings.filter(({ id, partOf }) => partOf.length === 0 && !saidOfParts.has(id))
    const open: Judged = {
      id: 'aggregated-role',
      severity: 'low',
      sentence: `Takes its rules from every ClusterRole with its labels: ${rules.length} rules are in what was checked, and the cluster may hold more.`,
      because: [],
      outlives: null,
      includes: [],
      places: [place],
      substance: null,
    }
    return { name, rules, judged: [open, ...together.map((risk) => judgedOf(risk, findings, [], place))] }
  })
}
