// What does a ClusterRole give that takes its rules from others by their labels?
import { aggregate } from '#lib/core/rbac/aggregation'
import { type ClusterRole, pathRules, resourceRules } from '#lib/core/rbac/cluster-objects'
import { assessRisk } from '#lib/core/rbac/risk/assess'
import type { Judged } from './finding.ts'
import { judgedOf } from './judge-role.ts'
import type { GivenRules } from './known-roles.ts'
import type { Place } from './source.ts'

export type AggregatedRole = { name: string; place: Place }

const findingsOf = ({ rules, paths }: GivenRules) => assessRisk(rules, { paths }).findings

/**
 * The rules of each aggregated role as far as the input holds them, and what they allow together that none of the parts
 * allows by itself: that is said of the parts.
 */
export function judgeAggregated(
  roles: readonly AggregatedRole[],
  all: readonly ClusterRole[],
): { name: string; given: GivenRules; judged: Judged[] }[] {
  if (roles.length === 0) return []
  const givenBy = ({ rules }: ClusterRole) => ({ rules: resourceRules(rules), paths: pathRules(rules) })
  const filled = new Map(aggregate(all).map((role) => [role.metadata.name, givenBy(role)]))
  const saidOfParts = new Set(all.map(givenBy).flatMap((given) => findingsOf(given).map(({ id }) => id)))
  return roles.map(({ name, place }) => {
    const given = filled.get(name) ?? { rules: [], paths: [] }
    const findings = findingsOf(given)
    const together = findings.filter(({ id, partOf }) => partOf.length === 0 && !saidOfParts.has(id))
    const open: Judged = {
      id: 'aggregated-role',
      severity: 'low',
      sentence: `Takes its rules from every ClusterRole with its labels: ${given.rules.length + given.paths.length} rules are in what was checked, and the cluster may hold more.`,
      because: [],
      outlives: null,
      includes: [],
      places: [place],
      substance: null,
    }
    return { name, given, judged: [open, ...together.map((risk) => judgedOf(risk, findings, [], place))] }
  })
}
