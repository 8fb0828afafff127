import type { Person } from '#lib/access/actor'
import type { ApprovalStep, Entitlement } from '#lib/access/entitlement'
import { idSchema } from '#lib/access/ids'
import type { Rule } from '#lib/access/rule'
import type { RequestStatus } from '#lib/access/status'
import type { SeenRights } from '#lib/rbac/present'
import type { Tx } from './client.ts'
import { type RightsColumns, seenRights } from './cluster-rights.ts'
import { type SeenCluster, toSeenCluster } from './gather-judgement.ts'

/** A request whose row nobody else can change until the transaction ends. */
export type LockedRequest = {
  id: string
  status: RequestStatus
  requester: Person
  cluster: string
  namespaces: string[]
  rules: Rule[]
  clusterRole: string | null
  durationSeconds: number
  startsAt: Date | null
  digest: string
  reason: string
  ticket: string | null
  steps: ApprovalStep[]
  approverGroups: string[]
  lapsesAt: Date
  resolvedAt: Date | null
  policyHash: string
  /** The entitlement as it stood when this was asked. */
  entitlement: Entitlement
}

/**
 * Locks one request and returns it, or undefined where there is none. Whoever comes second waits here and then sees what
 * the first one did.
 */
export async function lockRequest(tx: Tx, id: string): Promise<LockedRequest | undefined> {
  if (!idSchema('request').safeParse(id).success) return undefined
  const [row] = await tx.$queryRaw<Array<LockedRequest & { requester: Person }>>`
    SELECT r.id, r.status, r.cluster, r.namespaces, r.rules, r.cluster_role AS "clusterRole",
      r.duration_seconds AS "durationSeconds", r.starts_at AS "startsAt", r.digest, r.reason, r.ticket, r.steps,
      r.approver_groups AS "approverGroups", r.lapses_at AS "lapsesAt", r.resolved_at AS "resolvedAt",
      r.policy_hash AS "policyHash", e.document AS entitlement,
      jsonb_build_object('id', p.id, 'issuer', p.issuer, 'subject', p.subject, 'name', p.name, 'email', p.email,
        'emailVerified', p.email_verified, 'knownEmails', p.known_emails, 'groups', p.groups) AS requester
    FROM requests r
    JOIN people p ON p.id = r.requester_id
    JOIN entitlement_versions e ON e.hash = r.entitlement_hash
    WHERE r.id = ${id}
    FOR UPDATE OF r`
  return row
}

/** One decision with its person as they are now. */
export type MadeDecision = {
  decision: 'approve' | 'deny'
  personId: string
  person: Person
  /** RFC 3339 */
  at: string
}

export type Situation = { now: Date; decisions: MadeDecision[]; cluster: SeenCluster; rights: SeenRights }

type Row = RightsColumns & {
  now: Date
  decisions: MadeDecision[]
  namespaces: unknown
  clusterRoles: unknown
  reachable: boolean
}

/**
 * What has been said about a locked request, oldest first, and what its cluster looks like, in one statement. Comes
 * after the lock, because a statement that waited for it would still show what stood before the wait.
 */
export async function gatherSituation(tx: Tx, request: Pick<LockedRequest, 'id' | 'cluster'>): Promise<Situation> {
  const [row] = await tx.$queryRaw<Row[]>`
    SELECT statement_timestamp() AS now, c.namespaces, c.cluster_roles AS "clusterRoles", c.reachable,
      r.hash AS "rightsHash", r.read_at AS "rightsReadAt", r.error AS "rightsError",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('decision', d.decision, 'personId', d.person_id, 'at', d.created_at,
          'person', jsonb_build_object('id', p.id, 'issuer', p.issuer, 'subject', p.subject, 'name', p.name,
            'email', p.email, 'emailVerified', p.email_verified, 'knownEmails', p.known_emails, 'groups', p.groups)) ORDER BY d.created_at, d.id), '[]')
        FROM decisions d JOIN people p ON p.id = d.person_id WHERE d.request_id = ${request.id}) AS decisions
    FROM (SELECT) AS one LEFT JOIN cluster_states c ON c.name = ${request.cluster}
    LEFT JOIN cluster_rights r ON r.cluster = ${request.cluster}`
  if (!row) throw new Error('a SELECT without a table gave no row')
  const rights = await seenRights(tx, request.cluster, row)
  return { now: row.now, decisions: row.decisions, cluster: toSeenCluster(row), rights }
}
