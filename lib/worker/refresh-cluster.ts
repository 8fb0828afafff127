import type { ClusterClient } from '#lib/adapters/cluster/client'
import { ClusterError } from '#lib/adapters/cluster/errors'
import { listNamespaces, type Namespace, readClusterRole, readVersion } from '#lib/adapters/cluster/read-cluster'
import { underReference } from '#lib/adapters/cluster/reference'
import { reviewSelf } from '#lib/adapters/cluster/reviews'
import { claimClusterRead, saveClusterError, saveClusterState } from '#lib/adapters/db/clusters/save-cluster-state'
import type { Configuration } from '#lib/adapters/policy/configuration'
import type { ClusterResource } from '#lib/core/access/cluster-resource'
import { type Entitlement, isNamespaceCovered } from '#lib/core/access/entitlement'
import { AppError } from '#lib/core/access/errors'
import { grantsNamespace, protectedNamespaces } from '#lib/core/access/namespaces'
import type { Attributes } from '#lib/core/rbac/attributes'
import { log } from '#lib/observability/log'
import { newReference } from '#lib/observability/reference'
import { inSpan } from '#lib/observability/traces'
import { clientFor } from './clusters.ts'

type Need = { question: Attributes; neededFor: string }

const rbac = 'rbac.authorization.k8s.io'
const authorization = 'authorization.k8s.io'

function need(text: string, group: string, namespace: string, neededFor: string, name = ''): Need {
  const [verb = '', target = ''] = text.split(' ')
  const [resource = '', subresource = ''] = target.split('/')
  return { question: { namespace, verb, group, resource, subresource, name }, neededFor }
}

/** What Postern needs in a cluster, whatever it grants there: deploy/rbac.yaml, parts 2, 3 and 6. */
const needsOfCluster = (clusterRoles: readonly string[]): Need[] => [
  need('create subjectaccessreviews', authorization, '', 'proving that access works and that it has ended'),
  need('list namespaces', '', '', 'knowing where access may be asked for'),
  need('list roles', rbac, '', 'finding what belongs to no grant'),
  need('list rolebindings', rbac, '', 'finding what belongs to no grant'),
  need('create serviceaccounts', '', grantsNamespace, 'making access'),
  need('delete serviceaccounts', '', grantsNamespace, 'ending access'),
  need('list serviceaccounts', '', grantsNamespace, 'finding what belongs to no grant'),
  need('create serviceaccounts/token', '', grantsNamespace, 'giving out credentials'),
  need('list clusterroles', rbac, '', 'knowing what people can do already'),
  need('list clusterrolebindings', rbac, '', 'knowing what people can do already'),
  need('list serviceaccounts', '', '', 'knowing as whom a pod could run'),
  ...clusterRoles.map((name) => need('get clusterroles', rbac, '', `knowing what ${name} allows`, name)),
]

/** What Postern needs in a namespace that it may grant in: deploy/rbac.yaml, part 4. */
const needsOfNamespace = (namespace: string, hasRoles: boolean, clusterRoles: readonly string[]): Need[] => [
  ...(hasRoles
    ? [
        need('create roles', rbac, namespace, 'making access'),
        need('escalate roles', rbac, namespace, 'making access that Postern does not have itself'),
        need('bind roles', rbac, namespace, 'making access that Postern does not have itself'),
      ]
    : []),
  need('delete roles', rbac, namespace, 'ending access'),
  need('create rolebindings', rbac, namespace, 'making access'),
  need('delete rolebindings', rbac, namespace, 'ending access'),
  ...clusterRoles.map((name) => need('bind clusterroles', rbac, namespace, `giving ${name}`, name)),
]

const clusterRolesOf = (entitlements: readonly Entitlement[]) => [
  ...new Set(entitlements.flatMap(({ clusterRole }) => clusterRole ?? [])),
]

function allNeeds(entitlements: readonly Entitlement[], namespaces: readonly Namespace[]): Need[] {
  const perNamespace = namespaces.flatMap(({ name, labels }) => {
    if (protectedNamespaces.includes(name)) return []
    const covering = entitlements.filter((entitlement) => isNamespaceCovered(entitlement, name, labels))
    if (covering.length === 0) return []
    return needsOfNamespace(
      name,
      covering.some(({ clusterRole }) => !clusterRole),
      clusterRolesOf(covering),
    )
  })
  return [...needsOfCluster(clusterRolesOf(entitlements)), ...perNamespace]
}

const inWords = ({ verb, group, resource, subresource, name }: Attributes) =>
  `${verb} ${resource}${subresource && `/${subresource}`}${group && `.${group}`}${name && ` ${name}`}`

async function reviewOwnPermissions(
  client: ClusterClient,
  entitlements: readonly Entitlement[],
  namespaces: readonly Namespace[],
): Promise<ClusterResource['permissions']> {
  const needs = allNeeds(entitlements, namespaces)
  const answers = await reviewSelf(
    client,
    needs.map(({ question }) => question),
  )
  return needs.map(({ question, neededFor }, index) => ({
    what: inWords(question),
    namespace: question.namespace,
    allowed: answers[index] === true,
    neededFor,
  }))
}

async function readClusterRoles(client: ClusterClient, names: readonly string[]) {
  const entries = await Promise.all(
    names.map(async (name) => {
      try {
        const rules = await readClusterRole(client, name)
        return rules ? [[name, rules] as const] : []
      } catch (error) {
        // A role that Postern may not read, or that it cannot understand, is one that nobody can ask for.
        if (error instanceof ClusterError && error.kind === 'refused') return []
        throw error
      }
    }),
  )
  return Object.fromEntries(entries.flat())
}

/** What Postern itself may do changes when somebody edits its rights, which is rare: asked every five minutes. */
const permissionsEveryMs = 300_000
const askedAt = new Map<string, { key: string; at: number }>()

/** `skipped`: another worker looked a moment ago. */
export type Look = 'seen' | 'trouble' | 'skipped'

/**
 * Looks at one cluster and writes down what was seen, for the pages and the guardrails, which never ask the cluster
 * themselves. Skips it when another worker looked within `seconds`. Never throws for what a cluster does.
 */
export async function refreshCluster(configuration: Configuration, name: string, seconds: number): Promise<Look> {
  const reference = newReference()
  if (!(await claimClusterRead(name, seconds)) && seconds > 0) return 'skipped'
  const attributes = { 'postern.reference': reference, 'k8s.cluster.name': name }
  return inSpan('look at cluster', { kind: 'root', attributes }, () =>
    underReference(reference, () => lookAt(configuration, name, seconds, reference)),
  )
}

async function lookAt(configuration: Configuration, name: string, seconds: number, reference: string): Promise<Look> {
  const entitlements = configuration.entitlements.filter(({ clusters }) => clusters.includes(name))
  try {
    const client = await clientFor(configuration, name)
    const [version, namespaces, clusterRoles] = await Promise.all([
      readVersion(client),
      listNamespaces(client),
      readClusterRoles(client, clusterRolesOf(entitlements)),
    ])
    const key = JSON.stringify([entitlements, namespaces])
    const last = askedAt.get(name)
    const isFresh = seconds > 0 && last?.key === key && performance.now() - last.at < permissionsEveryMs
    const permissions = isFresh ? undefined : await reviewOwnPermissions(client, entitlements, namespaces)
    if (permissions) askedAt.set(name, { key, at: performance.now() })
    await saveClusterState(name, { version, namespaces, clusterRoles, permissions })
    return 'seen'
  } catch (error) {
    // The database is away: there is nowhere to write it.
    if (error instanceof AppError) throw error
    log.warn({ reference, cluster: name, err: error }, 'cluster cannot be looked at')
    // NB: whatever else fails here fails on what the cluster answered, and must not leave what was seen before as fresh.
    const isTheirs = error instanceof ClusterError
    await saveClusterError(name, isTheirs ? error.message : 'What the cluster answered could not be understood.')
    return 'trouble'
  }
}
