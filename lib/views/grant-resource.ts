import { toPersonResource } from '#lib/adapters/db/people/people'
import type { GrantRow, WholeRequestRow } from '#lib/adapters/db/requests/gather-requests'
import type { PersonActor } from '#lib/core/access/actor'
import { formatDuration } from '#lib/core/access/duration'
import type { GrantResource } from '#lib/core/access/grant-resource'
import { mayExtend, mayIssueCredential, mayRelease, mayRevoke } from '#lib/core/access/may-act'
import type { Probes } from '#lib/core/access/probe-resource'
import { subjectKindOf } from '#lib/core/grants/subject-kind'
import { toFindingResource } from './finding-resource.ts'
import { titleOf } from './summaries.ts'

const iso = (date: Date | null) => date?.toISOString() ?? null

type WholeGrant = NonNullable<WholeRequestRow['grant']>

/**
 * The cluster refuses the token: its ServiceAccount was deleted, or deleted and created again. Or Postern no longer vouches
 * for it.
 */
const isVoid = ({ objects, status }: Pick<WholeGrant, 'objects' | 'status'>, accountUid: string | null): boolean =>
  (subjectKindOf(objects, undefined) === 'User' && objects.length > 0 && status !== 'active') ||
  (accountUid !== null &&
    objects.some(({ kind, uid, removedAt }) => kind === 'ServiceAccount' && (uid !== accountUid || removedAt !== null)))

/** One grant as this reader sees it, with what they may do with it. */
export function toGrantResource(
  actor: PersonActor,
  request: GrantRow['request'] | WholeRequestRow,
  grant: WholeGrant | GrantRow,
  now: Date,
): GrantResource {
  const [newest] = grant.extensions
  return {
    id: grant.id,
    requestId: grant.requestId,
    status: grant.status,
    title: titleOf(request),
    holder: toPersonResource(request.requester),
    cluster: grant.cluster,
    namespaces: request.namespaces,
    duration: formatDuration(grant.durationSeconds),
    createdAt: grant.createdAt.toISOString(),
    activatedAt: iso(grant.activatedAt),
    expiresAt: iso(grant.expiresAt),
    endingAt: iso(grant.endingAt),
    endedAt: iso(grant.endedAt),
    endedBy: grant.endedBy,
    endedByName: grant.endedByName,
    endNote: grant.endNote,
    extends: request.extendsGrantId,
    extension: newest ? { requestId: newest.id, status: newest.status } : null,
    supersededBy: grant.extensions.find((one) => one.grant?.activatedAt)?.grant?.id ?? null,
    lastError: grant.lastError,
    attempts: grant.attempts,
    nextAttemptAt: iso(grant.nextAttemptAt),
    objects: grant.objects.map(({ kind, namespace, name, uid, createdAt, removedAt }) => {
      return { kind, namespace, name, uid, createdAt: iso(createdAt), removedAt: iso(removedAt) }
    }),
    allowedProbes: grant.allowedProbes as Probes | null,
    deniedProbes: grant.deniedProbes as Probes | null,
    credentials: grant.credentials.map(({ id, jti, person, issuedAt, expiresAt, accountUid }) => {
      const times = { issuedAt: issuedAt.toISOString(), expiresAt: expiresAt.toISOString() }
      return { id, jti, person: toPersonResource(person), ...times, void: isVoid(grant, accountUid) }
    }),
    findings: grant.findings.map(toFindingResource),
    can: {
      issueCredential: mayIssueCredential(actor, request, grant, now),
      revoke: mayRevoke(actor, request, grant),
      release: mayRelease(actor, request, grant),
      extend: mayExtend(actor, request, grant, now),
    },
  }
}
