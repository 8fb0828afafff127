// Which namespaces are special, to Postern or to Kubernetes?

/** Holds the ServiceAccounts of all grants. No one else may have permissions in it (deploy/rbac.yaml). */
export const grantsNamespace = 'postern-grants'

/**
 * Postern's own namespaces. Anyone who can write there can create access, or keep it, without an approval, so no
 * entitlement and no configuration opens them.
 */
export const protectedNamespaces: readonly string[] = ['postern-system', grantsNamespace]

/**
 * The cluster itself depends on these: a workload there has the permissions of the cluster. Kubernetes reserves the
 * prefix.
 */
export const isSystemNamespace = (namespace: string): boolean => namespace.startsWith('kube-')

/** The name of a namespace is a DNS label (RFC 1123). */
export const namespacePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
