import { type NewAuditEvent, recordEvents } from '#lib/adapters/db/audit/audit'
import type { Tx } from '#lib/adapters/db/client'
import type { GatheredJudgement } from '#lib/adapters/db/gather-judgement'
import { toJson } from '#lib/adapters/db/json'
import { signatureOf } from '#lib/adapters/db/signing'
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import type { Id } from '#lib/core/access/ids'
import { type RecordedFacts, recordedFacts } from '#lib/core/access/recorded-facts'
import type { Terms } from '#lib/core/access/terms'
import type { Verdict } from '#lib/core/access/verdict-resource'
import { runningClock } from '#lib/core/approvals/approval-clock'
import { nextFollowUp } from '#lib/core/approvals/escalation'
import { requestStatement } from '#lib/core/signing/statements'
import { Prisma } from '../generated/client.ts'

/** A version of the configuration, as it is stored. */
type JudgingPolicy = { hash: string; document: unknown }

export type NewRequest = {
  id: Id<'request'>
  requesterId: string
  terms: Terms
  digest: string
  entitlement: Entitlement
  policy: JudgingPolicy
  gathered: GatheredJudgement
  /** The facts of the judgement, for later replays by another policy. */
  recorded: RecordedFacts
  verdict: Verdict
  /** The required approvals: the entitlement's steps and those that guardrails add. */
  steps: ApprovalStep[]
  reason: string
  ticket: string | null
  /** The grant that it extends, and when the first of that chain began; null if it extends none. */
  extension: { grantId: Id<'grant'>; heldSince: Date } | null
  /** When the review of break-glass access is due; null for any other. */
  reviewDueAt: Date | null
  /** Groups that may read the request without being asked to approve it. */
  readers: readonly string[]
  lapsesAt: Date
}

/** Stores a version of the configuration that was used for a judgement. Two simultaneous calls store it once. */
export async function storePolicy(tx: Tx, policy: JudgingPolicy): Promise<void> {
  const data = { hash: policy.hash, document: toJson(policy.document) }
  await tx.policyVersion.createMany({ data, skipDuplicates: true })
}

/** Stores the versions of the configuration and the entitlement that judged this request, if they are new. */
async function storeVersions(tx: Tx, { policy, entitlement, gathered }: NewRequest) {
  if (!gathered.isPolicyStored) await storePolicy(tx, policy)
  if (!gathered.isEntitlementStored) {
    const data = { hash: gathered.entitlementHash, name: entitlement.name, document: toJson(entitlement) }
    await tx.entitlementVersion.createMany({ data, skipDuplicates: true })
  }
}

/** Creates a pending request, signed, with all facts for later judgements, and records `events` with it. */
export async function createRequest(tx: Tx, request: NewRequest, events: readonly NewAuditEvent[]) {
  const {
    id,
    requesterId,
    terms,
    digest,
    entitlement,
    policy,
    gathered,
    recorded,
    verdict,
    steps,
    reason,
    ticket,
    extension,
    reviewDueAt,
    readers,
    lapsesAt,
  } = request
  const { cluster, namespaces, rules, clusterRole, durationSeconds, startsAt, agent } = terms
  await storeVersions(tx, request)
  const signed = {
    id,
    entitlementName: entitlement.name,
    entitlementHash: gathered.entitlementHash,
    policyHash: policy.hash,
    cluster,
    submittedTerms: { namespaces, rules, durationSeconds, digest },
    clusterRole,
    startsAt,
    reason,
    ticket,
    verdict,
    steps,
    facts: recordedFacts.parse(recorded),
    extendsGrantId: extension?.grantId ?? null,
    heldSince: extension?.heldSince ?? null,
    reviewDueAt,
    agent,
    difference: gathered.facts.currentAccess && toJson(gathered.facts.currentAccess.difference),
    createdAt: gathered.facts.now,
    lapsesAt,
  }
  const requester = { id: requesterId, ...terms.requester }
  const json = (value: unknown) => Prisma.sql`${value == null ? null : JSON.stringify(value)}::jsonb`
  await tx.$executeRaw`
    INSERT INTO requests (id, requester_id, entitlement_name, entitlement_hash, policy_hash, cluster, namespaces, rules,
      cluster_role, duration_seconds, starts_at, digest, submitted_terms, reason, ticket, verdict, facts, difference, steps,
      approver_groups, extends_grant_id, held_since, review_due_at, agent, created_at, lapses_at, follow_up_at, signature)
    VALUES (${id}, ${requesterId}, ${entitlement.name}, ${gathered.entitlementHash}, ${policy.hash}, ${cluster},
      ${namespaces}::text[], ${json(rules)}, ${clusterRole}, ${durationSeconds}::int, ${startsAt}::timestamptz, ${digest},
      ${json(signed.submittedTerms)}, ${reason}, ${ticket}, ${json(verdict)}, ${json(signed.facts)},
      ${json(signed.difference)}, ${json(steps)}, ${[...new Set([...steps.flatMap((step) => step.groups), ...readers])]}::text[],
      ${signed.extendsGrantId}, ${signed.heldSince}::timestamptz, ${reviewDueAt}::timestamptz, ${agent},
      ${signed.createdAt}::timestamptz, ${lapsesAt}::timestamptz,
      ${nextFollowUp(steps, runningClock(signed.createdAt), null)}::timestamptz,
      ${signatureOf('request', requestStatement({ ...signed, requester }))})`
  await recordEvents(tx, events)
}
