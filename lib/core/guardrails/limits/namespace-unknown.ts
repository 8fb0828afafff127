import type { Guardrail } from '#lib/core/guardrails/facts'
import { isOutside } from './namespace-not-covered.ts'

export const namespaceUnknown: Guardrail = {
  code: 'namespace-unknown',
  find: (facts) => {
    const { cluster, submission } = facts
    if (cluster.namespaces === null) return []
    const seen = new Set(cluster.namespaces.map(({ name }) => name))
    return submission.namespaces.flatMap((namespace, index) =>
      seen.has(namespace) || isOutside(facts, namespace)
        ? []
        : [
            {
              code: 'namespace-unknown',
              pointer: `/namespaces/${index}`,
              sentence: `There is no namespace ${namespace} in ${cluster.name}: check its name.`,
            },
          ],
    )
  },
}
