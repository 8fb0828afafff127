import { normalizeRules, type Rule, ruleSchema } from '#lib/core/access/rule'
import type { ClusterClient } from './client.ts'
import { ClusterError } from './errors.ts'
import { withConcurrency } from './with-concurrency.ts'

export type Namespace = { name: string; labels: Record<string, string> }

/** The API server's version, such as `v1.37.2`. */
export async function readVersion(client: ClusterClient): Promise<string> {
  const { gitVersion } = await client.version.getCode()
  return gitVersion.slice(0, 60)
}

/** A terminating namespace accepts no new objects, so it is treated as missing. */
const isTerminating = (phase: string | undefined) => phase === 'Terminating'

/** Every namespace with its labels. */
export async function listNamespaces(client: ClusterClient): Promise<Namespace[]> {
  const namespaces: Namespace[] = []
  let page: string | undefined
  do {
    const answer = await client.core.listNamespace({ limit: 500, _continue: page })
    for (const { metadata, status } of answer.items) {
      if (!metadata?.name || isTerminating(status?.phase)) continue
      namespaces.push({ name: metadata.name, labels: metadata.labels ?? {} })
    }
    page = answer.metadata?._continue || undefined
  } while (page)
  return namespaces
}

/**
 * The current state of these namespaces; missing and terminating ones are left out. With resource version 0 the API
 * server answers from its watch cache, which lags by milliseconds, and saves an etcd read that would delay access.
 */
export async function readNamespaces(client: ClusterClient, names: readonly string[]): Promise<Namespace[]> {
  const found = await withConcurrency(8, names, async (name) => {
    const { items } = await client.core.listNamespace({ fieldSelector: `metadata.name=${name}`, resourceVersion: '0' })
    const [namespace] = items
    if (namespace?.metadata?.name !== name || isTerminating(namespace.status?.phase)) return []
    return [{ name, labels: namespace.metadata.labels ?? {} }]
  })
  return found.flat()
}

/**
 * The resource rules of a ClusterRole, normalised; null if it does not exist. Rules for non-resource URLs are left out,
 * because a RoleBinding can't grant those (Kubernetes authorizes them without a namespace).
 * @throws ClusterError, also `refused` if a rule can't be parsed, because then it is unknown what the role allows
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
      throw new ClusterError('refused', `The ClusterRole ${name} has a rule that Postern can’t parse.`)
    return [result.data]
  })
  return normalizeRules(parsed)
}
