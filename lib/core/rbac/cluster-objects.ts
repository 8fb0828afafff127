import type { Rule } from '#lib/core/access/rule'

// The RBAC objects of a cluster as its API returns them, limited to the fields that this folder reads. Unlike in `Rule`,
// which is validated, any field may be missing, because these come from a cluster or from a file.

export type PolicyRule = {
  verbs?: string[] | null
  apiGroups?: string[] | null
  resources?: string[] | null
  resourceNames?: string[] | null
  nonResourceURLs?: string[] | null
}

export type Role = { metadata: { namespace: string; name: string }; rules?: PolicyRule[] | null }

type LabelSelector = {
  matchLabels?: Record<string, string> | null
  matchExpressions?: { key: string; operator: string; values?: string[] | null }[] | null
}

export type ClusterRole = {
  metadata: { name: string; labels?: Record<string, string> | null }
  rules?: PolicyRule[] | null
  aggregationRule?: { clusterRoleSelectors?: LabelSelector[] | null } | null
}

export type Subject = { kind: string; name: string; namespace?: string | null }
export type RoleRef = { kind: string; name: string }

export type RoleBinding = {
  metadata: { namespace: string; name: string }
  roleRef: RoleRef
  subjects?: Subject[] | null
}
export type ClusterRoleBinding = { metadata: { name: string }; roleRef: RoleRef; subjects?: Subject[] | null }

export type ClusterObjects = {
  roles: readonly Role[]
  clusterRoles: readonly ClusterRole[]
  roleBindings: readonly RoleBinding[]
  clusterRoleBindings: readonly ClusterRoleBinding[]
}

/** A rule for paths that are not resources, such as /metrics. */
export type PathRule = { verbs: string[]; nonResourceURLs: string[] }

/** The path rules among a role's rules. Only a ClusterRoleBinding can grant them. */
export const pathRules = (rules: readonly PolicyRule[] | null | undefined): PathRule[] =>
  (rules ?? []).flatMap(({ verbs, nonResourceURLs }) =>
    nonResourceURLs?.length ? [{ verbs: verbs ?? [], nonResourceURLs }] : [],
  )

/** The resource rules among a role's rules. */
export const resourceRules = (rules: readonly PolicyRule[] | null | undefined): Rule[] =>
  (rules ?? [])
    .filter((rule) => rule.apiGroups?.length && rule.resources?.length)
    .map((rule) => ({
      apiGroups: rule.apiGroups ?? [],
      resources: rule.resources ?? [],
      verbs: rule.verbs ?? [],
      ...(rule.resourceNames?.length ? { resourceNames: rule.resourceNames } : {}),
    }))
