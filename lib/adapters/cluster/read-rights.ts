// Everything that says who may do what in a cluster, page by page. What comes is a cluster's word: read down to what
// lib/core/rbac looks at, and nothing is taken for granted.
import { z } from 'zod'
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
/** Objects of all kinds together. A cluster with more is not read: nobody would wait for the answer. */
const mostObjects = 300_000
const pageSize = 500

/** A page counts as so many at least: a server that gives small ones, or empty ones for ever, comes to an end too. */
const leastPerPage = 250

type Budget = { left: number; signal: AbortSignal }

async function listAll<S extends z.ZodType>(client: ClusterClient, path: string, shape: S, budget: Budget) {
  const found: z.infer<S>[] = []
  budget.signal.throwIfAborted()
  for await (const page of listPages(client, path, { limit: pageSize })) {
    const items = page.items()
    budget.left -= Math.max(items.length, leastPerPage)
    if (budget.left < 0) throw new ClusterError('transient', `There are more than ${mostObjects} objects to read.`)
    for (const item of items) found.push(shape.parse(item))
    budget.signal.throwIfAborted()
  }
  return found
}

const rbac = '/apis/rbac.authorization.k8s.io/v1'

type Placed = { metadata: { namespace?: string; name: string } }
const keyOf = ({ metadata: { namespace = '', name } }: Placed) => `${namespace}/${name}`

/** In one order, whatever order the server gives: the same rights have the same text. */
const sorted = <T extends Placed>(items: readonly T[]): T[] =>
  items
    .map((item) => [keyOf(item), item] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, item]) => item)

/**
 * Bindings that mean nobody but the ServiceAccounts of `grantsNamespace` come and go with the grants, which Postern knows
 * better; and a role that no binding names gives nothing to anybody.
 */
function readObjects(all: Awaited<ReturnType<typeof listObjects>>, grantsNamespace: string): ClusterRights['objects'] {
  const isGrants = (subject: Subject) => subject.kind === 'ServiceAccount' && subject.namespace === grantsNamespace
  const roleBindings = all.roleBindings.filter(({ subjects }) => subjects?.length && !subjects.every(isGrants))
  const clusterRoleBindings = all.clusterRoleBindings.filter(({ subjects }) => subjects?.length)
  const wanted = new Set(
    [...roleBindings, ...clusterRoleBindings].map(({ metadata, roleRef: { kind, name } }: Placed & BindingLike) =>
      kind === 'ClusterRole' ? `/${name}` : `${metadata.namespace ?? ''}/${name}`,
    ),
  )
  const isWanted = (role: Placed) => wanted.has(keyOf(role))
  return {
    roles: sorted(all.roles.filter(isWanted)),
    clusterRoles: sorted(all.clusterRoles.filter(isWanted)),
    roleBindings: sorted(roleBindings),
    clusterRoleBindings: sorted(clusterRoleBindings),
  }
}
type BindingLike = { roleRef: { kind: string; name: string } }

async function listObjects(client: ClusterClient, budget: Budget) {
  // One after the other: a big cluster is asked gently. Bindings first, so that the roles that they name are there.
  const roleBindings = await listAll(client, `${rbac}/rolebindings`, shapes.rolebindings, budget)
  const clusterRoleBindings = await listAll(client, `${rbac}/clusterrolebindings`, shapes.clusterrolebindings, budget)
  const roles = await listAll(client, `${rbac}/roles`, shapes.roles, budget)
  const clusterRoles = await listAll(client, `${rbac}/clusterroles`, shapes.clusterroles, budget)
  return { roleBindings, clusterRoleBindings, roles, clusterRoles }
}

/** Null where Postern may not: what depends on it is left unsaid. */
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

/** Aggregated discovery (KEP-3352, on by default since Kubernetes 1.27): everything that is served, in two answers. */
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
  const answers = [await client.get('/api', discoveryType), await client.get('/apis', discoveryType)]
  const groups = answers.flatMap((answer) => discovery.parse(parseJson(answer)).items)
  const resources = new Map<string, ServedResource>()
  const unsureGroups = new Set<string>()
  for (const { metadata, versions } of groups) {
    const group = metadata?.name ?? ''
    for (const { freshness, resources: some } of versions) {
      // Its server does not answer: what it serves is not known, which is not the same as nothing.
      if (freshness === 'Stale') unsureGroups.add(group)
      for (const { resource, scope, verbs, subresources } of some ?? []) {
        const add = (name: string, itsVerbs: readonly string[]) => {
          const key = `${group}/${name}`
          const known = resources.get(key)?.verbs ?? []
          const all = [...new Set([...known, ...itsVerbs])].sort()
          resources.set(key, { group, resource: name, namespaced: scope === 'Namespaced', verbs: all })
        }
        add(resource, verbs ?? [])
        for (const sub of subresources ?? []) add(`${resource}/${sub.subresource}`, sub.verbs ?? [])
      }
    }
  }
  const inOrder = [...resources].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, resource]) => resource)
  return { resources: inOrder, unsureGroups: [...unsureGroups].sort() }
}

/**
 * Who may do what in this cluster. Takes a request for each 500 objects, one at a time; a cluster with 10,000 bindings
 * is some 40 of them.
 * @param grantsNamespace what is bound to its ServiceAccounts alone is left out
 * @param signal ends the reading between two pages
 * @throws ClusterError, `refused` where Postern may not read Roles or bindings; ZodError for what makes no sense; what
 * `signal` was aborted with
 */
export async function readClusterRights(
  client: ClusterClient,
  grantsNamespace: string,
  signal: AbortSignal,
): Promise<ClusterRights> {
  const budget = { left: mostObjects, signal }
  const objects = readObjects(await listObjects(client, budget), grantsNamespace)
  const serviceAccounts = await orForbidden(readServiceAccounts(client, budget))
  const served = await orForbidden(readServed(client))
  return { objects, served, serviceAccounts }
}
