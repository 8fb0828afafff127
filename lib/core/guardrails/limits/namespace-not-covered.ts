import { isNamespaceCovered } from '#lib/core/access/entitlement'
import type { JudgementFacts, Limit } from '#lib/core/guardrails/facts'

/** Whether the names and globs of the entitlement cover a namespace, regardless of its labels. */
const isNameCovered = (entitlement: JudgementFacts['entitlement'], namespace: string) =>
  isNamespaceCovered({ namespaces: entitlement.namespaces }, namespace, undefined)

/** The labels of a namespace in the cluster; undefined where it does not exist. */
const labelsOf = ({ cluster }: JudgementFacts, namespace: string) =>
  cluster.namespaces?.find(({ name }) => name === namespace)?.labels

/**
 * Is this namespace outside the entitlement? Then no sentence may reveal whether it exists: only people who may request
 * access to it may know. A namespace that does not exist has no labels, so a selector never covers it.
 */
export function isOutside(facts: JudgementFacts, namespace: string): boolean {
  const { entitlement, cluster } = facts
  if (!isNameCovered(entitlement, namespace)) return true
  if (entitlement.namespaceSelector === undefined || cluster.namespaces === null) return false
  return !isNamespaceCovered(entitlement, namespace, labelsOf(facts, namespace))
}

function whyNotCovered(facts: JudgementFacts, namespace: string): string | null {
  const { entitlement, cluster } = facts
  if (!isNameCovered(entitlement, namespace)) {
    return `${entitlement.name} doesn't cover namespace ${namespace}. Choose from ${entitlement.namespaces?.join(', ')}.`
  }
  if (entitlement.namespaceSelector === undefined) return null
  const labels = Object.entries(entitlement.namespaceSelector)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')
  if (cluster.namespaces === null) {
    return `${entitlement.name} covers namespaces labelled ${labels}, and the labels in ${cluster.name} are not known yet. Try again when the cluster is reachable.`
  }
  if (!isOutside(facts, namespace)) return null
  return `${entitlement.name} doesn't cover namespace ${namespace}. Choose one labelled ${labels}.`
}

export const namespaceNotCovered: Limit = {
  code: 'namespace-not-covered',
  find: (facts) =>
    facts.submission.namespaces.flatMap((namespace, index) => {
      const sentence = whyNotCovered(facts, namespace)
      return sentence ? [{ pointer: `/namespaces/${index}`, sentence }] : []
    }),
}
