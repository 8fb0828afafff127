import type { ClusterClient } from '#lib/adapters/cluster/client'
import { ClusterError } from '#lib/adapters/cluster/errors'
import type { OwnToken } from '#lib/adapters/cluster/own-token'
import { readAdmission } from '#lib/adapters/cluster/read-admission'
import { listNamespaces, type Namespace, readClusterRole, readVersion } from '#lib/adapters/cluster/read-cluster'
import { readPods } from '#lib/adapters/cluster/read-pods'
import { underReference } from '#lib/adapters/cluster/reference'
import { readOwnAccount, reviewSelf } from '#lib/adapters/cluster/reviews'
import {
  claimClusterRead,
  saveAdmission,
  saveClusterError,
  saveClusterState,
  savePods,
} from '#lib/adapters/db/clusters/save-cluster-state'
import type { Configuration } from '#lib/adapters/policy/configuration'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { ClusterResource } from '#lib/core/access/cluster-resource'
import { type Entitlement, isNamespaceCovered } from '#lib/core/access/entitlement'
import { AppError } from '#lib/core/access/errors'
import { grantsNamespace, protectedNamespaces } from '#lib/core/access/namespaces'
import { podsNeededFor } from '#lib/core/access/pod-facts'
import { admissionStateOf } from '#lib/core/admission/installed'
import { renderAdmission } from '#lib/core/admission/render'
import { defaultAdmission } from '#lib/core/admission/section'
import { uses } from '#lib/core/guardrails/configured/compile'
import type { Attributes } from '#lib/core/rbac/attributes'
import { log } from '#lib/observability/log'
import { newReference } from '#lib/observability/reference'
import { inSpan } from '#lib/observability/traces'
import { clientFor, configuredTokenIn } from './clusters.ts'
import { probeTokenWebhook } from './probe-token-webhook.ts'

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
  need('create subjectaccessreviews', authorization, '', 'confirming that access works and has ended'),
  need('list namespaces', '', '', 'listing where access can be requested'),
  need('list roles', rbac, '', 'finding objects without a grant'),
  need('list rolebindings', rbac, '', 'finding objects without a grant'),
  need('create serviceaccounts', '', grantsNamespace, 'creating access'),
  need('delete serviceaccounts', '', grantsNamespace, 'ending access'),
  need('list serviceaccounts', '', grantsNamespace, 'finding objects without a grant'),
  need('create serviceaccounts/token', '', grantsNamespace, 'issuing credentials'),
  need('list clusterroles', rbac, '', 'knowing what people can already do'),
  need('list clusterrolebindings', rbac, '', 'knowing what people can already do'),
  need('list serviceaccounts', '', '', 'knowing which ServiceAccounts a pod could use'),
  ...clusterRoles.map((name) => need('get clusterroles', rbac, '', `knowing what ${name} allows`, name)),
]

/** What Postern needs to renew its own token: deploy/rbac.yaml, part 9. */
const needsOfToken = ({ account: { namespace, name } }: OwnToken): Need[] => [
  need('create serviceaccounts/token', '', namespace, 'renewing its own token before it expires', name),
]

/** Whether a guardrail needs what part 7 of deploy/rbac.yaml allows. */
const usesPods = () => uses(currentPolicy().compiled, 'pods')

/** What Postern needs in a namespace in which it may grant access: deploy/rbac.yaml, part 4. */
const needsOfNamespace = (namespace: string, hasRoles: boolean, clusterRoles: readonly string[]): Need[] => [
  ...(hasRoles
    ? [
        need('create roles', rbac, namespace, 'creating access'),
        need('escalate roles', rbac, namespace, 'creating access that Postern does not have itself'),
        need('bind roles', rbac, namespace, 'creating access that Postern does not have itself'),
      ]
    : []),
  need('delete roles', rbac, namespace, 'ending access'),
  need('create rolebindings', rbac, namespace, 'creating access'),
  need('delete rolebindings', rbac, namespace, 'ending access'),
  ...clusterRoles.map((name) => need('bind clusterroles', rbac, namespace, `granting ${name}`, name)),
  ...(usesPods() ? [need('list pods', '', namespace, podsNeededFor)] : []),
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

const describe = ({ verb, group, resource, subresource, name }: Attributes) =>
  `${verb} ${resource}${subresource && `/${subresource}`}${group && `.${group}`}${name && ` ${name}`}`

async function reviewOwnPermissions(
  client: ClusterClient,
  entitlements: readonly Entitlement[],
  namespaces: readonly Namespace[],
  own: OwnToken | null,
): Promise<ClusterResource['permissions']> {
  const needs = [...(own ? needsOfToken(own) : []), ...allNeeds(entitlements, namespaces)]
  const answers = await reviewSelf(
    client,
    needs.map(({ question }) => question),
  )
  return needs.map(({ question, neededFor }, index) => ({
    what: describe(question),
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
        // A ClusterRole that Postern may not read cannot be requested.
        if (error instanceof ClusterError && error.kind === 'refused') return []
        throw error
      }
    }),
  )
  return Object.fromEntries(entries.flat())
}

/** Postern's own permissions change only when someone edits them, so they are reviewed every five minutes. */
const permissionsEveryMs = 300_000
const reviewedAt = new Map<string, { key: string; at: number }>()

/** A minute: pods change often, and before access is created they are read again. */
const podsEveryMs = 60_000
const podsReadAt = new Map<string, number>()
/** Namespaces of a cluster. The pods of others are not known. */
const mostNamespacesWithPods = 200

/** Reads the pods in the namespaces that may be requested, if a guardrail needs them. */
async function refreshPods(
  client: ClusterClient,
  name: string,
  entitlements: readonly Entitlement[],
  namespaces: readonly Namespace[],
  isDue: boolean,
): Promise<void> {
  if (!usesPods()) return
  const last = podsReadAt.get(name)
  if (!isDue && last !== undefined && performance.now() - last < podsEveryMs) return
  podsReadAt.set(name, performance.now())
  const wanted = namespaces.filter(
    ({ name: namespace, labels }) =>
      !protectedNamespaces.includes(namespace) &&
      entitlements.some((entitlement) => isNamespaceCovered(entitlement, namespace, labels)),
  )
  const names = wanted.slice(0, mostNamespacesWithPods).map((one) => one.name)
  await savePods(name, await readPods(client, names))
}

/** A minute, and at once after the policy changed. */
const admissionEveryMs = 60_000
const admissionReadAt = new Map<string, { hash: string; at: number }>()

/** Compares the admission policies of the cluster with the configuration. */
async function refreshAdmission(client: ClusterClient, name: string, isDue: boolean): Promise<void> {
  const { configuration, compiled, hash } = currentPolicy()
  const { clusters, entitlements, admission = defaultAdmission } = configuration
  const last = admissionReadAt.get(name)
  if (!isDue && last?.hash === hash && performance.now() - last.at < admissionEveryMs) return
  const cluster = clusters.find((one) => one.name === name)
  if (!cluster) return
  admissionReadAt.set(name, { hash, at: performance.now() })
  const installed = await readAdmission(client).catch((error: unknown) => {
    // Nothing else depends on them: the last state stays until the next reading.
    log.warn({ cluster: name, err: error }, 'the admission policies of a cluster cannot be read')
    return undefined
  })
  if (installed === undefined) return
  const rendered = renderAdmission({ cluster, entitlements, compiled, admission })
  await saveAdmission(
    name,
    installed === null ? { status: 'unknown', differences: [] } : admissionStateOf(rendered, installed),
  )
}

/** Nothing depends on it but who a page names: a cluster that does not say it is read all the same. */
const ownAccountIn = (client: ClusterClient): Promise<string | null> =>
  readOwnAccount(client).catch((error: unknown) => {
    if (error instanceof ClusterError) return null
    throw error
  })

/** `skipped`: another worker read the cluster a moment ago. */
export type ClusterRead = 'read' | 'failed' | 'skipped'

/**
 * Reads the state of one cluster and stores it for pages and guardrails, which never call the cluster themselves. Skips it
 * if another worker read it within `seconds`. Never throws for what a cluster does.
 */
export async function refreshCluster(
  configuration: Configuration,
  name: string,
  seconds: number,
): Promise<ClusterRead> {
  const reference = newReference()
  if (!(await claimClusterRead(name, seconds)) && seconds > 0) return 'skipped'
  const attributes = { 'postern.reference': reference, 'k8s.cluster.name': name }
  return inSpan('read cluster', { kind: 'root', attributes }, () =>
    underReference(reference, () => read(configuration, name, seconds, reference)),
  )
}

async function read(
  configuration: Configuration,
  name: string,
  seconds: number,
  reference: string,
): Promise<ClusterRead> {
  const entitlements = configuration.entitlements.filter(({ clusters }) => clusters.includes(name))
  try {
    const client = await clientFor(configuration, name)
    const [version, namespaces, clusterRoles] = await Promise.all([
      readVersion(client),
      listNamespaces(client),
      readClusterRoles(client, clusterRolesOf(entitlements)),
    ])
    const own = configuredTokenIn(configuration, name)
    const key = JSON.stringify([entitlements, namespaces, usesPods(), own?.account])
    const last = reviewedAt.get(name)
    const isFresh = seconds > 0 && last?.key === key && performance.now() - last.at < permissionsEveryMs
    const permissions = isFresh ? undefined : await reviewOwnPermissions(client, entitlements, namespaces, own)
    if (permissions) reviewedAt.set(name, { key, at: performance.now() })
    const ownAccount = isFresh ? undefined : await ownAccountIn(client)
    await saveClusterState(name, { version, namespaces, clusterRoles, permissions, ownAccount })
    await refreshPods(client, name, entitlements, namespaces, seconds === 0)
    await refreshAdmission(client, name, seconds === 0)
    await probeTokenWebhook(configuration, name, seconds === 0)
    return 'read'
  } catch (error) {
    // The database is unavailable: there is nowhere to store the state.
    if (error instanceof AppError) throw error
    log.warn({ reference, cluster: name, err: error }, 'cluster cannot be read')
    // NB: any other error comes from a malformed response. The last state must not count as fresh after it.
    const isOfCluster = error instanceof ClusterError
    await saveClusterError(name, isOfCluster ? error.message : 'The response of the cluster could not be understood.')
    return 'failed'
  }
}
