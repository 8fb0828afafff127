import { randomBytes } from 'node:crypto'
import { kubectl } from './kubectl.ts'

/** Allows Postern to grant access in a namespace, as deploy/rbac.yaml shows. */
export const allowPostern = (namespace: string) =>
  kubectl([
    ...['create', 'rolebinding', 'postern-granter', '-n', namespace, '--clusterrole=postern-granter'],
    '--serviceaccount=postern-system:postern',
  ])

/**
 * A new namespace that the company's `payments-restart` covers, for tests that change who may do what there: the other
 * namespaces belong to all test files.
 */
export async function aNamespace(): Promise<string> {
  const namespace = `checkout-${randomBytes(4).toString('hex')}`
  await kubectl(['create', 'namespace', namespace])
  await allowPostern(namespace)
  return namespace
}

export const deleteNamespace = (namespace: string) => kubectl(['delete', 'namespace', namespace, '--wait=false'])
