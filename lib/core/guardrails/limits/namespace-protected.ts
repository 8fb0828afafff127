import { protectedNamespaces } from '#lib/core/access/namespaces'
import type { Limit } from '#lib/core/guardrails/facts'

/** No configuration can open these namespaces. */
export const namespaceProtected: Limit = {
  code: 'namespace-protected',
  find: ({ submission }) =>
    submission.namespaces.flatMap((namespace, index) => {
      if (!protectedNamespaces.includes(namespace)) return []
      const sentence = `${namespace} belongs to Postern itself and can't be requested. Remove it.`
      return [{ pointer: `/namespaces/${index}`, sentence }]
    }),
}
