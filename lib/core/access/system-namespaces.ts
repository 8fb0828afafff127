import { matchesGlob } from './glob.ts'
import { isSystemNamespace } from './namespaces.ts'

/**
 * `*` never covers kube-system: a glob covers namespaces of Kubernetes itself only if it begins with `kube-`. Anyone
 * who can write in one of those namespaces controls the cluster.
 */
export const globCovers = (glob: string, namespace: string): boolean =>
  (!isSystemNamespace(namespace) || isSystemNamespace(glob)) && matchesGlob(glob, namespace)
