import { type NewAuditEvent, recordEvents } from '#lib/adapters/db/audit/audit'
import type { Tx } from '#lib/adapters/db/client'
import type { GatheredJudgement } from '#lib/adapters/db/gather-judgement'
import { newId } from '#lib/adapters/db/ids'
import { toJson } from '#lib/adapters/db/json'
import { signatureOf } from '#lib/adapters/db/signing'
import type { CurrentPolicy } from '#lib/adapters/policy/current'
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import type { Id } from '#lib/core/access/ids'
import { type RecordedFacts, recordedFacts } from '#lib/core/access/recorded-facts'
import type { Verdict } from '#lib/core/access/resources'
import type { Terms } from '#lib/core/access/terms'
import { requestStatement } from '#lib/core/signing/statements'
import { Prisma } from '../generated/client.ts'

export type NewRequest = {
  id: Id<'request'>
  requesterId: string
  terms: Terms
  digest: string
  entitlement: Entitlement
  policy: CurrentPolicy
  gathered: GatheredJudgement
  /** What the judgement saw, for later ones by another policy. */
  recorded: RecordedFacts
  verdict: Verdict
  /** Who must approve: the entitlement's steps, and what guardrails want besides. */
  steps: ApprovalStep[]
  reason: string
  ticket: string | null
  lapsesAt: Date
}

/** Keeps a version of the configuration that has judged something. Two at once are one. */
export async function keepPolicy(tx: Tx, policy: Pick<CurrentPolicy, 'hash' | 'document'>): Promise<void> {
  const data = { hash: policy.hash, document: toJson(policy.document) }
  await tx.policyVersion.createMany({ data, skipDuplicates: true })
}

/** Keeps the versions that judge this request, where they are not kept yet. Two first requests at once are one version. */
async function keepVersions(tx: Tx, { policy, entitlement, gathered }: NewRequest) {
  if (!gathered.isPolicyKept) await keepPolicy(tx, policy)
  if (!gathered.isEntitlementKept) {
    const data = { hash: gathered.entitlementHash, name: entitlement.name, document: toJson(entitlement) }
    await tx.entitlementVersion.createMany({ data, skipDuplicates: true })
  }
}

/** Writes a pending request, signed, with everything that it will be held against later, and records `events` with it. */
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
    lapsesAt,
  } = request
  const { cluster, namespaces, rules, clusterRole, durationSeconds, startsAt } = terms
  await keepVersions(tx, request)
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
    difference: gathered.facts.currentAccess && toJson(gathered.facts.currentAccess.difference),
    createdAt: gathered.facts.now,
    lapsesAt,
  }
  const requester = { id: requesterId, ...terms.requester }
  await tx.request.createMany({
    data: {
      ...signed,
      requesterId,
      namespaces,
      rules,
      durationSeconds,
      digest,
      approverGroups: [...new Set(steps.flatMap((step) => step.groups))],
      signature: signatureOf('request', requestStatement({ ...signed, requester })),
    },
  })
  await recordEvents(tx, events)
}

type Approved = { id: string; cluster: string; durationSeconds: number; startsAt: Date | null }

/**
 * The statement that writes the grant of a request that has every approval: due now, or at the start that was asked for.
 * The worker does the rest; it is woken when this is committed.
 * @param when writes only where this condition holds
 */
export function insertGrant(request: Approved, now: Date, when: Prisma.Sql = Prisma.sql`true`): Prisma.Sql {
  const { id: requestId, cluster, durationSeconds, startsAt } = request
  const dueAt = startsAt && startsAt > now ? startsAt : now
  return Prisma.sql`
    INSERT INTO grants (id, request_id, cluster, duration_seconds, created_at, next_attempt_at)
    SELECT ${newId('grant', now)}, ${requestId}, ${cluster}, ${durationSeconds}::int, ${now.toISOString()}::timestamptz,
      ${dueAt.toISOString()}::timestamptz
    WHERE ${when}`
}

/** Writes the grant of a request that needs nobody's approval. */
export async function createGrant(tx: Tx, request: Approved, now: Date): Promise<void> {
  await tx.$executeRaw(insertGrant(request, now))
}
