import { normalizeRules, type Rule, ruleSchema } from '#lib/core/access/rule'
import type { ClusterClient } from './client.ts'
import { ClusterError } from './errors.ts'
import { withConcurrency } from './with-concurrency.ts'

export type Namespace = { name: string; labels: Record<string, string> }

/** The release that the API server says it is, such as `v1.37.2`. */
export async function readVersion(client: ClusterClient): Promise<string> {
  const { gitVersion } = await client.version.getCode()
  return gitVersion.slice(0, 60)
}

/** A namespace that is on its way out takes nothing new, so it counts as not there. */
const isLeaving = (phase: string | undefined) => phase === 'Terminating'

/** Every namespace with its labels. */
export async function listNamespaces(client: ClusterClient): Promise<Namespace[]> {
  const namespaces: Namespace[] = []
  let page: string | undefined
  do {
    const answer = await client.core.listNamespace({ limit: 500, _continue: page })
    for (const { metadata, status } of answer.items) {
      if (!metadata?.name || isLeaving(status?.phase)) continue
      namespaces.push({ name: metadata.name, labels: metadata.labels ?? {} })
    }
    page = answer.metadata?._continue || undefined
  } while (page)
  return namespaces
}

/**
 * These namespaces as they are now; those that are not there, or are being removed, are left out. Resource version 0 has
 * the API server answer from what it holds in memory, which follows the truth by milliseconds, and spares a read of etcd
 * that everybody who waits for access would wait for.
 */
export async function readNamespaces(client: ClusterClient, names: readonly string[]): Promise<Namespace[]> {
  const found = await withConcurrency(8, names, async (name) => {
    const { items } = await client.core.listNamespace({ fieldSelector: `metadata.name=${name}`, resourceVersion: '0' })
    const [namespace] = items
    if (namespace?.metadata?.name !== name || isLeaving(namespace.status?.phase)) return []
    return [{ name, labels: namespace.metadata.labels ?? {} }]
  })
  return found.flat()
}

/**
 * What a ClusterRole allows with namespaced resources, in normal form; null when it is not there. Rules about
 * non-resource URLs are left out: a RoleBinding cannot give them (Kubernetes authorizes those without a namespace).
 * @throws ClusterError, `refused` too where a rule cannot be read: then nobody can say what the role gives
 */
export async function readClusterRole(client: ClusterClient, name: string): Promise<Rule[] | null> {
  let rules: unknown[]
  try {
    rules = (await client.rbac.readClusterRole({ name })).rules ?? []
  } catch (error) {
    if (error instanceof ClusterError && error.kind === 'missing') return null
    throw error
  }
  const parsed = rules.flatMap((rule) => {
    const { apiGroups, resources, verbs, resourceNames } = rule as Partial<Rule>
    if (!resources?.length) return []
    const candidate = { apiGroups, resources, verbs, ...(resourceNames?.length ? { resourceNames } : {}) }
    const result = ruleSchema.safeParse(candidate)
    if (!result.success)
      throw new ClusterError('refused', `The ClusterRole ${name} has a rule that Postern cannot read.`)
    return [result.data]
  })
  return normalizeRules(parsed)
}
