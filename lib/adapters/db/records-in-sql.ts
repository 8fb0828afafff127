import { toPerson } from '#lib/adapters/db/people/people'
import type { Person } from '#lib/core/access/actor'
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import type { Rule } from '#lib/core/access/rule'
import { type SignatureFailure, type Signed, verifyApproval } from '#lib/core/signing/verify-records'
import { Prisma } from './generated/client.ts'
import { signingKeys } from './signing.ts'

// SQL for the records behind an approval, with every signed field. Deciding and granting read them the same way, so
// that both accept and reject the same records.

/** A person as our statements return it, with the signature and the time of the groups. */
export type PersonInSql = Signed<Person & { everVerified: boolean; groupsAt: string }>

/** The JSON of a person, for a statement that uses this alias for the table `people`. */
export const personInSql = (people: 'p' | 'q'): Prisma.Sql =>
  Prisma.raw(`jsonb_build_object('id', ${people}.id, 'issuer', ${people}.issuer, 'subject', ${people}.subject,
    'name', ${people}.name, 'email', ${people}.email, 'emailVerified', ${people}.email_verified,
    'everVerified', ${people}.ever_verified,
    'knownEmails', ${people}.known_emails, 'groups', ${people}.groups, 'groupsAt', ${people}.groups_at,
    'username', ${people}.username, 'manager', ${people}.manager, 'groupsProblem', ${people}.groups_problem,
    'signature', ${people}.signature)`)

/** The columns of a request `r` and its entitlement version `e` that a judgement needs. */
export const requestInSql = Prisma.sql`r.namespaces, r.rules, r.cluster_role AS "clusterRole",
  r.duration_seconds AS "durationSeconds", r.starts_at AS "startsAt", r.digest, r.reason, r.ticket, r.steps, r.verdict,
  r.facts, r.difference, r.submitted_terms AS "submittedTerms", r.policy_hash AS "policyHash", r.entitlement_name AS "entitlementName",
  r.entitlement_hash AS "entitlementHash", r.created_at AS "createdAt", r.lapses_at AS "lapsesAt", r.signature,
  r.extends_grant_id AS "extendsGrantId", r.held_since AS "heldSince", r.review_due_at AS "reviewDueAt",
  r.agent,
  e.document AS entitlement`

export type RequestInSql = Signed<{
  namespaces: string[]
  rules: Rule[]
  clusterRole: string | null
  durationSeconds: number
  startsAt: Date | null
  digest: string
  reason: string
  ticket: string | null
  steps: ApprovalStep[]
  verdict: unknown
  facts: unknown
  difference: unknown
  submittedTerms: unknown
  policyHash: string
  entitlementName: string
  entitlementHash: string
  /** The grant that it extends, and when the first of that chain began. */
  extendsGrantId: string | null
  heldSince: Date | null
  reviewDueAt: Date | null
  /** The program that submitted it for the requester. */
  agent: string | null
  createdAt: Date
  lapsesAt: Date
  /** The entitlement at the time of submission. */
  entitlement: Entitlement
}>

/** The decisions on one request, oldest first, each with the current record of its approver. */
export const decisionsInSql = (requestId: Prisma.Sql): Prisma.Sql => Prisma.sql`
  (SELECT coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'personId', d.person_id, 'decision', d.decision,
      'note', d.note, 'digest', d.digest, 'result', d.result, 'narrowed', d.narrowed, 'difference', d.difference, 'groups', d.groups,
      'createdAt', d.created_at, 'signature', d.signature, 'person', ${personInSql('q')}) ORDER BY d.created_at, d.id), '[]')
    FROM decisions d JOIN people q ON q.id = d.person_id WHERE d.request_id = ${requestId})`

export type DecisionInSql = Signed<{
  id: string
  personId: string
  decision: 'approve' | 'deny'
  note: string | null
  digest: string
  result: string
  narrowed: unknown
  difference: unknown
  groups: string[]
  createdAt: string
  person: PersonInSql
}>

/** A decision for a judgement. `groups` are the approver's groups at that time; `person` is their current record. */
export type RecordedDecision = {
  decision: 'approve' | 'deny'
  personId: string
  person: Person
  groups: string[]
  result: string
  /** RFC 3339 */
  at: string
}

export const toRecordedDecision = ({
  decision,
  personId,
  person,
  groups,
  result,
  createdAt,
}: DecisionInSql): RecordedDecision => ({
  ...{ decision, personId, groups, result, at: createdAt },
  person: toPerson(person),
})

/** Why these records are not valid; null if all signatures are. */
export const verificationOf = (
  request: RequestInSql & { id: string; cluster: string },
  requester: PersonInSql,
  decisions: readonly DecisionInSql[],
): SignatureFailure | null =>
  verifyApproval(signingKeys(), { request, requester, entitlement: request.entitlement, decisions })
