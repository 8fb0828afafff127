// Which permissions let their holder keep the access after it has ended, or gain more than it? No entitlement is suggested
// for a role with such a permission.
import type { Rule } from '#lib/core/access/rule'
import { assessRisk, type Finding } from './assess.ts'
import { catalogue } from './catalogue.ts'
import type { ExtensionRisk } from './extension-kinds.ts'

const contained: ReadonlySet<string> = new Set(catalogue.flatMap(({ id, isContained }) => (isContained ? [id] : [])))

/** What these rules let their holder do in an ordinary namespace. `exceeding`: what could outlast the access or widen it. */
export function splitByContainment(
  rules: readonly Rule[],
  configuredRisks: readonly ExtensionRisk[],
): { exceeding: Finding[]; contained: Finding[] } {
  // NB: in the scope of the cluster, because a role that may also be bound there must not be vetted for requests.
  const { findings } = assessRisk(rules, { scope: 'cluster', configuredRisks })
  return {
    exceeding: findings.filter(({ id }) => !contained.has(id)),
    contained: findings.filter(({ id }) => contained.has(id)),
  }
}
