import type { Guardrail } from '#lib/core/guardrails/facts'

/**
 * Postern's own namespaces: whoever writes there can make or keep access past every approval. No configuration opens
 * them.
 */
export const protectedNamespaces = ['postern-system', 'postern-grants']

export const namespaceProtected: Guardrail = {
  code: 'namespace-protected',
  find: ({ submission }) =>
    submission.namespaces.flatMap((namespace, index) =>
      protectedNamespaces.includes(namespace)
        ? [
            {
              code: 'namespace-protected',
              pointer: `/namespaces/${index}`,
              sentence: `${namespace} belongs to Postern itself and cannot be asked for: take it out.`,
            },
          ]
        : [],
    ),
}
