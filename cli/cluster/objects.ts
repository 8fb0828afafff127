// What Postern needs in a cluster: the objects of deploy/rbac.yaml, and RoleBindings in the namespaces that it may use.
import { parseAllDocuments, stringify } from 'yaml'
import { isSystemNamespace, namespacePattern, protectedNamespaces } from '#lib/core/access/namespaces'
import { readPackageFile } from '../package-file.ts'
import { UsageError } from '../usage-error.ts'

/** Postern's own account, which deploy/rbac.yaml creates. */
export const account = { name: 'postern', namespace: 'postern-system' }

/** The ClusterRoles that take effect only in namespaces with a RoleBinding to them. */
export const namespacedRoles = { granter: 'postern-granter', podReader: 'postern-pod-reader' }

const rightsReader = 'postern-rights-reader'

export type Rule = {
  verbs: string[]
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
}

export type KubernetesObject = {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string> }
  rules?: Rule[]
  roleRef?: { apiGroup: string; kind: string; name: string }
  subjects?: { kind: string; name: string; namespace: string }[]
}

export type Extent = {
  /** Where Postern may grant access. */
  namespaces: readonly string[]
  /** Where guardrails may look at pods. */
  podNamespaces: readonly string[]
  /** Whether approvers see what people can do already. */
  readRights: boolean
}

/** The objects of deploy/rbac.yaml, in its order. */
export const publishedObjects = (): KubernetesObject[] =>
  parseAllDocuments(readPackageFile('deploy/rbac.yaml')).map((document) => document.toJS() as KubernetesObject)

const binding = (role: string, namespace: string): KubernetesObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: role, namespace },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'ServiceAccount', ...account }],
})

/** Everything that a cluster needs for this extent. */
export function neededObjects({ namespaces, podNamespaces, readRights }: Extent): KubernetesObject[] {
  const isLeftOut = ({ metadata: { name } }: KubernetesObject) =>
    (name === rightsReader && !readRights) || (name === namespacedRoles.podReader && podNamespaces.length === 0)
  return [
    ...publishedObjects().filter((object) => !isLeftOut(object)),
    ...namespaces.map((namespace) => binding(namespacedRoles.granter, namespace)),
    ...podNamespaces.map((namespace) => binding(namespacedRoles.podReader, namespace)),
  ]
}

export const asYaml = (objects: readonly KubernetesObject[]): string =>
  objects.map((object) => stringify(object)).join('---\n')

/** A namespace in which Postern may grant access. @throws UsageError for any other */
export function grantableNamespace(name: string): string {
  if (!namespacePattern.test(name)) throw new UsageError(`${JSON.stringify(name)} is not the name of a namespace`)
  if (isSystemNamespace(name) || protectedNamespaces.includes(name))
    throw new UsageError(`Postern never grants access in ${name}. Name the namespaces of your applications.`)
  return name
}
