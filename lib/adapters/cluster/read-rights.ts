// Reads a cluster's RBAC rules and bindings, page by page. The responses are untrusted: only the fields that
// lib/core/rbac uses are kept, and each is validated.
import { z } from 'zod'
import { grantOfVouchedUser } from '#lib/core/access/vouched-user'
import type { Subject } from '#lib/core/rbac/cluster-objects'
import type { ClusterRights, ServedResource } from '#lib/core/rbac/cluster-rights'
import type { ClusterClient } from './client.ts'
import { ClusterError } from './errors.ts'
import { listPages } from './list-pages.ts'
import { parseJson } from './parse-json.ts'

const list = z.array(z.string()).nullish()
const policyRule = z
  .object({ verbs: list, apiGroups: list, resources: list, resourceNames: list, nonResourceURLs: list })
  .transform((rule) => Object.fromEntries(Object.entries(rule).filter(([, values]) => values?.length)))
const rules = z.array(policyRule).nullish()
const roleRef = z.object({ kind: z.string(), name: z.string() })
const subjects = z.array(z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() })).nullish()
const named = z.object({ name: z.string() })
const placed = z.object({ namespace: z.string(), name: z.string() })

const shapes = {
  roles: z.object({ metadata: placed, rules }),
  clusterroles: z.object({ metadata: named, rules }),
  rolebindings: z.object({ metadata: placed, roleRef, subjects }),
  clusterrolebindings: z.object({ metadata: named, roleRef, subjects }),
  serviceaccounts: z.object({ metadata: placed }),
}
/** Objects of all kinds. A cluster with more is not read, because evaluating them would take too long. */
const maxObjects = 300_000
const pageSize = 500

/** Each page counts at least this much, so that a server with tiny or endless empty pages reaches the limit too. */
const minPerPage = 250

type Budget = { left: number; signal: AbortSignal }

async function listAll<S extends z.ZodType>(client: ClusterClient, path: string, shape: S, budget: Budget) {
  const found: z.infer<S>[] = []
  budget.signal.throwIfAborted()
  for await (const page of listPages(client, path, { limit: pageSize })) {
    const items = page.items()
    budget.left -= Math.max(items.length, minPerPage)
    if (budget.left < 0)
      throw new ClusterError('transient', `The cluster has more than ${maxObjects} RBAC objects, too many to read.`)
    for (const item of items) found.push(shape.parse(item))
    budget.signal.throwIfAborted()
  }
  return found
}

const rbac = '/apis/rbac.authorization.k8s.io/v1'

type Placed = { metadata: { namespace?: string; name: string } }
const keyOf = ({ metadata: { namespace = '', name } }: Placed) => `${namespace}/${name}`

/** Sorted, so that the same rights always have the same JSON, whatever the server's order. */
const sorted = <T extends Placed>(items: readonly T[]): T[] =>
  items
    .map((item) => [keyOf(item), item] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, item]) => item)

/**
 * Drops bindings whose only subjects are ServiceAccounts in `grantsNamespace` or users of grants, because Postern has the grants
 * themselves, and roles that no binding names, because they grant nothing.
 */
function keepRelevant(all: Awaited<ReturnType<typeof listObjects>>, grantsNamespace: string): ClusterRights['objects'] {
  const isGrants = ({ kind, namespace, name }: Subject) =>
    kind === 'ServiceAccount' ? namespace === grantsNamespace : kind === 'User' && grantOfVouchedUser(name) !== null
  const roleBindings = all.roleBindings.filter(({ subjects }) => subjects?.length && !subjects.every(isGrants))
  const clusterRoleBindings = all.clusterRoleBindings.filter(({ subjects }) => subjects?.length)
  const referenced = new Set(
    [...roleBindings, ...clusterRoleBindings].map(({ metadata, roleRef: { kind, name } }: Placed & BindingLike) =>
      kind === 'ClusterRole' ? `/${name}` : `${metadata.namespace ?? ''}/${name}`,
    ),
  )
  const isReferenced = (role: Placed) => referenced.has(keyOf(role))
  return {
    roles: sorted(all.roles.filter(isReferenced)),
    clusterRoles: sorted(all.clusterRoles.filter(isReferenced)),
    roleBindings: sorted(roleBindings),
    clusterRoleBindings: sorted(clusterRoleBindings),
  }
}
type BindingLike = { roleRef: { kind: string; name: string } }

async function listObjects(client: ClusterClient, budget: Budget) {
  // One list at a time, to spare large clusters. Bindings come first, so that the roles that they name exist.
  const roleBindings = await listAll(client, `${rbac}/rolebindings`, shapes.rolebindings, budget)
  const clusterRoleBindings = await listAll(client, `${rbac}/clusterrolebindings`, shapes.clusterrolebindings, budget)
  const roles = await listAll(client, `${rbac}/roles`, shapes.roles, budget)
  const clusterRoles = await listAll(client, `${rbac}/clusterroles`, shapes.clusterroles, budget)
  return { roleBindings, clusterRoleBindings, roles, clusterRoles }
}

/** Null where Postern has no permission to read: then everything that depends on it is unknown. */
async function orForbidden<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof ClusterError && [403, 404, 406].includes(error.status ?? 0)) return null
    throw error
  }
}

async function readServiceAccounts(client: ClusterClient, budget: Budget): Promise<Record<string, string[]>> {
  const accounts = sorted(await listAll(client, '/api/v1/serviceaccounts', shapes.serviceaccounts, budget))
  const byNamespace = Map.groupBy(accounts, ({ metadata }) => metadata.namespace)
  return Object.fromEntries(
    [...byNamespace].map(([namespace, some]) => [namespace, some.map((one) => one.metadata.name)]),
  )
}

/** Aggregated discovery (KEP-3352, on by default since Kubernetes 1.27): all served resources in two responses. */
const discoveryType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const discovery = z.object({
  kind: z.literal('APIGroupDiscoveryList'),
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string().optional() }).optional(),
      versions: z.array(
        z.object({
          freshness: z.string().optional(),
          resources: z
            .array(
              z.object({
                resource: z.string(),
                responseKind: z.object({ kind: z.string().optional() }).nullish(),
                shortNames: list,
                categories: list,
                scope: z.string().optional(),
                verbs: list,
                subresources: z.array(z.object({ subresource: z.string(), verbs: list })).nullish(),
              }),
            )
            .nullish(),
        }),
      ),
    }),
  ),
})

async function readServed(client: ClusterClient): Promise<NonNullable<ClusterRights['served']>> {
  const responses = [await client.get('/api', discoveryType), await client.get('/apis', discoveryType)]
  const groups = responses.flatMap((response) => discovery.parse(parseJson(response)).items)
  const resources = new Map<string, ServedResource>()
  const unsureGroups = new Set<string>()
  for (const { metadata, versions } of groups) {
    const group = metadata?.name ?? ''
    for (const { freshness, resources: some } of versions) {
      // This group's aggregated API server does not respond, so its resources are unknown, which is not the same as
      // none.
      if (freshness === 'Stale') unsureGroups.add(group)
      for (const { resource, scope, verbs, subresources, responseKind, shortNames, categories } of some ?? []) {
        const names = {
          ...(responseKind?.kind ? { kind: responseKind.kind } : {}),
          ...(shortNames?.length ? { shortNames } : {}),
          ...(categories?.length ? { categories } : {}),
        }
        const add = (name: string, itsVerbs: readonly string[], itsNames = {}) => {
          const key = `${group}/${name}`
          const known = resources.get(key)?.verbs ?? []
          const all = [...new Set([...known, ...itsVerbs])].sort()
          resources.set(key, { group, resource: name, namespaced: scope === 'Namespaced', verbs: all, ...itsNames })
        }
        add(resource, verbs ?? [], names)
        for (const sub of subresources ?? []) add(`${resource}/${sub.subresource}`, sub.verbs ?? [])
      }
    }
  }
  const inOrder = [...resources].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, resource]) => resource)
  return { resources: inOrder, unsureGroups: [...unsureGroups].sort() }
}

/**
 * Reads who may do what in a cluster, 500 objects per call and one call at a time; a cluster with 10,000 bindings takes
 * about 40 calls.
 * @param grantsNamespace bindings whose only subjects are its ServiceAccounts are left out
 * @param signal stops reading between two pages
 * @throws ClusterError, `refused` if Postern may not read Roles or bindings; ZodError for an invalid response; the
 * reason with which `signal` was aborted
 */
export async function readClusterRights(
  client: ClusterClient,
  grantsNamespace: string,
  signal: AbortSignal,
): Promise<ClusterRights> {
  const budget = { left: maxObjects, signal }
  const objects = keepRelevant(await listObjects(client, budget), grantsNamespace)
  const serviceAccounts = await orForbidden(readServiceAccounts(client, budget))
  const served = await orForbidden(readServed(client))
  return { objects, served, serviceAccounts }
}
