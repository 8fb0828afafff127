import { isNamespaceCovered } from '#lib/access/entitlement'
import type { Violation } from '#lib/access/resources'
import type { Guardrail, JudgementFacts } from '../facts.ts'

/** Names and globs decide alone where there is no selector. */
const byName = (entitlement: JudgementFacts['entitlement'], namespace: string) =>
  isNamespaceCovered({ namespaces: entitlement.namespaces }, namespace, undefined)

/**
 * Is this namespace outside by its name? Then nothing more is said about it: not even whether it exists, which is for
 * those to know who may ask for it.
 */
export const isOutsideByName = ({ entitlement }: JudgementFacts, namespace: string) => !byName(entitlement, namespace)

function judge(facts: JudgementFacts, namespace: string): string | null {
  const { entitlement, cluster } = facts
  if (isOutsideByName(facts, namespace)) {
    return `${entitlement.name} is not for the namespace ${namespace}: choose from ${entitlement.namespaces?.join(', ')}.`
  }
  if (entitlement.namespaceSelector === undefined) return null
  const needed = Object.entries(entitlement.namespaceSelector).map(([key, value]) => `${key}=${value}`)
  if (cluster.namespaces === null) {
    return `${entitlement.name} is for namespaces labelled ${needed.join(', ')}, and the labels in ${cluster.name} are not known now: try again when the cluster is reachable.`
  }
  const seen = cluster.namespaces.find((one) => one.name === namespace)
  if (!seen || isNamespaceCovered(entitlement, namespace, seen.labels)) return null
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
