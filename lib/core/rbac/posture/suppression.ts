// Findings that postern.yaml sets aside by their namespace. They stay counted and listed.
import { type Entitlement, isNamespaceCovered } from '#lib/core/access/entitlement'
import type { PostureFinding } from '#lib/core/access/posture-finding'

export type Suppression = Pick<Entitlement, 'namespaces' | 'namespaceSelector'> & { reason: string }

/** What reaches beyond its namespace, or breaks Postern's own promises, is never set aside. */
const never: ReadonlySet<string> = new Set(['takeover', 'bound-by-hand', 'own-rights'])

/**
 * Why a finding is suppressed; null if it isn't. NB: by the labels of the namespace, not of the binding: whoever creates a
 * binding chooses its labels, and could suppress the finding about it.
 * @param labelsOf the labels of a namespace; undefined if they are not known
 */
export function suppressionOf(
  { check, binding }: PostureFinding,
  suppressions: readonly Suppression[],
  labelsOf: (namespace: string) => Record<string, string> | undefined,
): string | null {
  const namespace = binding.kind === 'Namespace' ? binding.name : binding.namespace
  if (namespace === '' || never.has(check)) return null
  return suppressions.find((one) => isNamespaceCovered(one, namespace, labelsOf(namespace)))?.reason ?? null
}
