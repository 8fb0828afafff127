import { isNamespaceCovered } from '#lib/core/access/entitlement'
import type { Violation } from '#lib/core/access/resources'
import type { Guardrail, JudgementFacts } from '#lib/core/guardrails/facts'

/** Names and globs decide alone where there is no selector. */
const byName = (entitlement: JudgementFacts['entitlement'], namespace: string) =>
  isNamespaceCovered({ namespaces: entitlement.namespaces }, namespace, undefined)

/** What the cluster's labels say of a namespace; undefined where there is none of that name. */
const labelsOf = ({ cluster }: JudgementFacts, namespace: string) =>
  cluster.namespaces?.find(({ name }) => name === namespace)?.labels

/**
 * Is this namespace outside what the entitlement covers? Then nothing more is said about it: not even whether it exists,
 * which is for those to know who may ask for it. Where labels decide, a namespace that is not there carries none of them.
 */
export function isOutside(facts: JudgementFacts, namespace: string): boolean {
  const { entitlement, cluster } = facts
  if (!byName(entitlement, namespace)) return true
  if (entitlement.namespaceSelector === undefined || cluster.namespaces === null) return false
  return !isNamespaceCovered(entitlement, namespace, labelsOf(facts, namespace))
}

function judge(facts: JudgementFacts, namespace: string): string | null {
  const { entitlement, cluster } = facts
  if (!byName(entitlement, namespace)) {
    return `${entitlement.name} is not for the namespace ${namespace}: choose from ${entitlement.namespaces?.join(', ')}.`
  }
  if (entitlement.namespaceSelector === undefined) return null
  const needed = Object.entries(entitlement.namespaceSelector).map(([key, value]) => `${key}=${value}`)
  if (cluster.namespaces === null) {
    return `${entitlement.name} is for namespaces labelled ${needed.join(', ')}, and the labels in ${cluster.name} are not known now: try again when the cluster is reachable.`
  }
  if (!isOutside(facts, namespace)) return null
  return `${entitlement.name} is not for the namespace ${namespace}: choose one labelled ${needed.join(', ')}.`
}

export const namespaceNotCovered: Guardrail = {
  code: 'namespace-not-covered',
  find: (facts) =>
    facts.submission.namespaces.flatMap((namespace, index): Violation[] => {
      const sentence = judge(facts, namespace)
      return sentence ? [{ code: 'namespace-not-covered', pointer: `/namespaces/${index}`, sentence }] : []
    }),
}
