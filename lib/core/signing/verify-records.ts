// Were these records written by Postern, and do the decisions lead from the submitted terms to the stored ones?
import { contentHash } from '#lib/core/access/content-hash'
import type { Rule } from '#lib/core/access/rule'
import { digestOf } from '#lib/core/access/terms'
import { type RecordKind, type SignatureProblem, type SigningKeys, whyNotSigned } from './signature.ts'
import {
  type ActivationRecord,
  activationStatement,
  type CommentRecord,
  commentStatement,
  type DecisionRecord,
  decisionStatement,
  type EndRecord,
  endStatement,
  type OrderRecord,
  orderStatement,
  type PersonRecord,
  personStatement,
  type RequestRecord,
  type ReviewRecord,
  requestStatement,
  reviewStatement,
} from './statements.ts'

export type Signed<T> = T & { signature: string | null }

/** Why a record is rejected, with a sentence for the person whose action fails because of it. */
export type SignatureFailure = {
  record: RecordKind | 'entitlement' | 'session'
  id: string
  code: SignatureProblem | 'outdated' | 'not-its-name' | 'not-what-was-decided'
  sentence: string
}

const subjects: Record<RecordKind, string> = {
  person: 'The stored record of a person involved',
  request: 'This request',
  decision: 'A decision on this request',
  comment: 'A comment on this request',
  review: 'The review of this access',
  grant: 'The activation of this access',
  end: 'The end of this access',
  order: 'The order for this credential',
  answer: 'The credential for this order',
  problem: 'The refusal of this order',
  'stored-response': 'The stored response for this idempotency key',
  rights: 'The stored copy of a cluster’s roles and bindings',
  rota: 'The stored copy of a rota',
  anchored: 'The record of what an anchor has kept',
}

const problems: Record<SignatureProblem, string> = {
  missing: 'has no signature: Postern did not write it.',
  'unknown-key': 'was signed with a key that is no longer accepted.',
  mismatch: 'does not match its signature: it was changed outside Postern.',
}

function signatureFailure<T extends { id: string; signature: string | null }>(
  keys: SigningKeys,
  kind: RecordKind,
  record: T,
  statement: (record: T) => object,
): SignatureFailure | null {
  const code = whyNotSigned(keys, kind, () => statement(record), record.signature)
  return code && { record: kind, id: record.id, code, sentence: `${subjects[kind]} ${problems[code]}` }
}

export const verifyPerson = (keys: SigningKeys, person: Signed<PersonRecord>): SignatureFailure | null =>
  signatureFailure(keys, 'person', person, personStatement)

/** How much older than the sign-in a row may be: it is rewritten at most once a minute, and two clocks may differ. */
const toleranceMs = 120_000

/**
 * The row of a signed-in person must not be older than their sign-in. Every sign-in writes or confirms the row, so an
 * older one, even with a valid signature, was put back by someone and may contain groups that the person has lost.
 * @param since when the person signed in
 */
export function verifySignedInPerson(
  keys: SigningKeys,
  person: Signed<PersonRecord>,
  since: Date,
): SignatureFailure | null {
  const found = verifyPerson(keys, person)
  if (found || new Date(person.groupsAt).getTime() >= since.getTime() - toleranceMs) return found
  const sentence = 'The stored record of a person involved is older than their sign-in.'
  return { record: 'person', id: person.id, code: 'outdated', sentence }
}

/** Only a worker signs that access became active. No credential is issued without that. */
export const verifyActivation = (keys: SigningKeys, grant: Signed<ActivationRecord>): SignatureFailure | null =>
  signatureFailure(keys, 'grant', grant, activationStatement)

/** How long an end is verified. The sweeps of a day have verified it many times. */
const verifiedForMs = 24 * 60 * 60 * 1000

/**
 * Only a worker signs that access has ended. An older end whose key was removed since is accepted, because the database
 * lets no one date an end back.
 */
export function verifyEnd(
  keys: SigningKeys,
  grant: Signed<Omit<EndRecord, 'endedAt'> & { endedAt: Date | null }>,
  now: Date,
): SignatureFailure | null {
  const endedAt = grant.endedAt ?? new Date(Number.NaN)
  const found = signatureFailure(keys, 'end', { ...grant, endedAt }, endStatement)
  const isOld = now.getTime() - endedAt.getTime() > verifiedForMs
  return found?.code === 'unknown-key' && isOld ? null : found
}

export const verifyComment = (keys: SigningKeys, comment: Signed<CommentRecord>): SignatureFailure | null =>
  signatureFailure(keys, 'comment', comment, commentStatement)

export const verifyReview = (keys: SigningKeys, review: Signed<ReviewRecord>): SignatureFailure | null =>
  signatureFailure(keys, 'review', review, reviewStatement)

export const verifyOrder = (keys: SigningKeys, order: Signed<OrderRecord>): SignatureFailure | null =>
  signatureFailure(keys, 'order', order, orderStatement)

/** Everything that an approval depends on. */
export type ApprovalRecords = {
  request: Signed<Omit<RequestRecord, 'requester'>> & {
    namespaces: string[]
    rules: Rule[]
    durationSeconds: number
    digest: string
  }
  requester: Signed<PersonRecord>
  /** The document stored under the hash that the request names. */
  entitlement: unknown
  decisions: ReadonlyArray<Signed<Omit<DecisionRecord, 'requestId' | 'person'>> & { person: Signed<PersonRecord> }>
}

/**
 * Signed narrowings must lead from the submitted terms to the stored ones, each starting where another ended, and every
 * other decision must be about terms on that path. The order of the decisions is not used: two may have the same time.
 */
function leadToStoredTerms({ request, requester, decisions }: ApprovalRecords): boolean {
  const startsAt = request.startsAt === null ? null : new Date(request.startsAt)
  if (digestOf({ ...request, requester, startsAt }) !== request.digest) return false
  const { digest: submitted } = request.submittedTerms as { digest: string }
  const path = new Set([submitted])
  const narrowings = new Map(
    decisions.flatMap(({ digest, result }) => (digest === result ? [] : [[digest, result] as const])),
  )
  let reached = submitted
  for (let next = narrowings.get(reached); next && !path.has(next); next = narrowings.get(reached)) {
    path.add(next)
    reached = next
  }
  return reached === request.digest && decisions.every(({ digest, result }) => path.has(digest) && path.has(result))
}

/**
 * The records must be as Postern wrote them: every signature fits, the entitlement is the one that was requested, and
 * the stored terms are the ones that were approved. Null if so; never throws. Whether the approvals are sufficient is
 * decided elsewhere (lib/core/approvals, lib/core/guardrails), and only for records that pass this check.
 */
export function verifyApproval(keys: SigningKeys, records: ApprovalRecords): SignatureFailure | null {
  const { request, requester, entitlement, decisions } = records
  const signatures =
    signatureFailure(keys, 'request', { ...request, requester }, requestStatement) ??
    verifyPerson(keys, requester) ??
    firstOf(decisions, (decision) =>
      signatureFailure(keys, 'decision', { ...decision, requestId: request.id }, decisionStatement),
    ) ??
    firstOf(decisions, ({ person }) => verifyPerson(keys, person))
  if (signatures) return signatures
  if (!holds(() => contentHash(entitlement) === request.entitlementHash)) {
    const sentence = 'The stored entitlement is not the one that was requested.'
    return { record: 'entitlement', id: request.entitlementHash, code: 'not-its-name', sentence }
  }
  if (!holds(() => leadToStoredTerms(records))) {
    const sentence = 'The stored request is not the one that was approved.'
    return { record: 'request', id: request.id, code: 'not-what-was-decided', sentence }
  }
  return null
}

/** The stored terms are not signed and may have any shape; a check that throws has failed. */
function holds(claim: () => boolean): boolean {
  try {
    return claim()
  } catch {
    return false
  }
}

function firstOf<T>(items: readonly T[], why: (item: T) => SignatureFailure | null): SignatureFailure | null {
  for (const item of items) {
    const found = why(item)
    if (found) return found
  }
  return null
}
