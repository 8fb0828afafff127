import type { Attributes } from '#lib/core/rbac/attributes'
import type { ClusterClient } from './client.ts'
import { withConcurrency } from './with-concurrency.ts'

/** Somebody as the API server's authenticator would describe them. */
export type Subject = { user: string; groups: readonly string[] }

/** Questions under way at once to one cluster; more only wait in its queue and slow everybody else's calls. */
const concurrency = 16

/**
 * What the cluster's authorizer answers to each question about this subject, in order. One answer of one API server:
 * another one behind the same address may be some milliseconds behind.
 * @throws ClusterError
 */
export function review(client: ClusterClient, subject: Subject, questions: readonly Attributes[]): Promise<boolean[]> {
  const user = subject.user
  const groups = [...subject.groups]
  return withConcurrency(concurrency, questions, async (resourceAttributes) => {
    const { status } = await client.authorization.createSubjectAccessReview({
      body: { spec: { user, groups, resourceAttributes: toResourceAttributes(resourceAttributes) } },
    })
    return status?.allowed === true && status.denied !== true
  })
}

/** The same about Postern itself. */
export function reviewSelf(client: ClusterClient, questions: readonly Attributes[]): Promise<boolean[]> {
  return withConcurrency(concurrency, questions, async (resourceAttributes) => {
    const { status } = await client.authorization.createSelfSubjectAccessReview({
      body: { spec: { resourceAttributes: toResourceAttributes(resourceAttributes) } },
    })
    return status?.allowed === true && status.denied !== true
  })
}

/** Empty text and "not said" are one to the authorizer; what is not said need not be sent. */
function toResourceAttributes({ namespace, verb, group, resource, subresource, name }: Attributes) {
  return {
    verb,
    group,
    resource,
    ...(namespace ? { namespace } : {}),
    ...(subresource ? { subresource } : {}),
    ...(name ? { name } : {}),
  }
}
