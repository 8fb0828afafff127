import type { Limit } from '#lib/core/guardrails/facts'
import { isOutside } from './namespace-not-covered.ts'

export const namespaceUnknown: Limit = {
  code: 'namespace-unknown',
  find: (facts) => {
    const { cluster, submission } = facts
    if (cluster.namespaces === null) return []
    const known = new Set(cluster.namespaces.map(({ name }) => name))
    return submission.namespaces.flatMap((namespace, index) => {
      if (known.has(namespace) || isOutside(facts, namespace)) return []
      const sentence = `Cluster ${cluster.name} has no namespace ${namespace}. Check the name.`
      return [{ pointer: `/namespaces/${index}`, sentence }]
    })
  },
}
