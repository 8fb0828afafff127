// Who acts with a grant: a ServiceAccount of its own, or a user for whom Postern vouches?
import type { SubjectKind } from './names.ts'

/**
 * The configuration of the cluster decides it once, when the names of the grant's objects are recorded. From then on the
 * recorded objects say it, whatever the configuration says now.
 */
export function subjectKindOf(
  recorded: readonly { kind: string }[],
  cluster: { webhookAuthentication?: object | undefined } | undefined,
): SubjectKind {
  if (recorded.length > 0) return recorded.some(({ kind }) => kind === 'ServiceAccount') ? 'ServiceAccount' : 'User'
  return cluster?.webhookAuthentication ? 'User' : 'ServiceAccount'
}

type Configured = { clusters: ReadonlyArray<{ name: string; webhookAuthentication?: object | undefined }> }

/** The same for a cluster by its name; without recorded objects that of a grant to come. */
export const subjectKindAt = (
  { clusters }: Configured,
  cluster: string,
  recorded: readonly { kind: string }[] = [],
): SubjectKind =>
  subjectKindOf(
    recorded,
    clusters.find(({ name }) => name === cluster),
  )
