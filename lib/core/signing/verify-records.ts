// Was all of this written by Postern, and does one record lead to the next, from what was asked to what is to be granted?
import { contentHash } from '#lib/core/access/content-hash'
import type { Rule } from '#lib/core/access/rule'
import { digestOf } from '#lib/core/access/terms'
import { type RecordKind, type SignatureProblem, type SigningKeys, whyNotSigned } from './signature.ts'
import {
  type BeginningRecord,
  beginningStatement,
  type DecisionRecord,
  decisionStatement,
  type OrderRecord,
  orderStatement,
  type PersonRecord,
  personStatement,
  type RequestRecord,
  requestStatement,
} from './statements.ts'

export type Signed<T> = T & { signature: string | null }

/** Why a record counts for nothing: which, how that was seen, and a sentence for whoever it keeps from something. */
export type SignatureFailure = {
  record: RecordKind | 'entitlement' | 'session'
  id: string
  code: SignatureProblem | 'outdated' | 'not-its-name' | 'not-what-was-decided'
  sentence: string
}

const inWords: Record<RecordKind, string> = {
  person: 'What is on record about somebody here',
  request: 'This request',
  decision: 'A decision on this request',
  grant: 'The beginning of this access',
  order: 'The order for this credential',
  answer: 'The answer to this order',
  'kept-answer': 'The answer to this key',
  rights: 'What a cluster was read to allow',
}

const because: Record<SignatureProblem, string> = {
  missing: 'was not signed by Postern: it was written by something else, or before records were signed.',
  'unknown-key': 'was signed with a key that is not in use any more.',
  mismatch: 'is not as Postern wrote it: something else has written to the database.',
}

function signatureFailure<T extends { id: string; signature: string | null }>(
  keys: SigningKeys,
  kind: RecordKind,
  record: T,
  statement: (record: T) => object,
): SignatureFailure | null {
  const code = whyNotSigned(keys, kind, () => statement(record), record.signature)
  return code && { record: kind, id: record.id, code, sentence: `${inWords[kind]} ${because[code]}` }
}

export const verifyPerson = (keys: SigningKeys, person: Signed<PersonRecord>): SignatureFailure | null =>
  signatureFailure(keys, 'person', person, personStatement)

/** What a sign-in may be behind the row that it found: a minute until it is written again, and two clocks. */
const behindMs = 120_000

/**
 * For somebody who signed in at `since`: an earlier row of theirs, put back with its signature, may hold groups that they
 * have lost. Every sign-in writes or confirms the row, so an older one is not the one it was about.
 */
export function verifySignedInPerson(
  keys: SigningKeys,
  person: Signed<PersonRecord>,
  since: Date,
): SignatureFailure | null {
  const found = verifyPerson(keys, person)
  if (found || new Date(person.groupsAt).getTime() >= since.getTime() - behindMs) return found
  const sentence = 'What is on record about somebody here is older than their sign-in.'
  return { record: 'person', id: person.id, code: 'outdated', sentence }
}

/** That access began is the worker's own word, which a credential rests on. */
export const verifyActivation = (keys: SigningKeys, grant: Signed<BeginningRecord>): SignatureFailure | null =>
  signatureFailure(keys, 'grant', grant, beginningStatement)

export const verifyOrder = (keys: SigningKeys, order: Signed<OrderRecord>): SignatureFailure | null =>
  signatureFailure(keys, 'order', order, orderStatement)

/** Everything that an approval rests on. */
export type ApprovalRecords = {
  request: Signed<Omit<RequestRecord, 'requester'>> & {
    namespaces: string[]
    rules: Rule[]
    durationSeconds: number
    digest: string
  }
  requester: Signed<PersonRecord>
  /** As it is kept under the hash that the request names. */
  entitlement: unknown
  decisions: ReadonlyArray<Signed<Omit<DecisionRecord, 'requestId' | 'person'>> & { person: Signed<PersonRecord> }>
}

/**
 * Do signed narrowings lead from the terms that were asked for to those that stand now? Each begins where another
 * ended; whoever left everything as it was saw terms on that way. In any order: two may bear the same millisecond.
 */
function leadsThere({ request, requester, decisions }: ApprovalRecords): boolean {
  const startsAt = request.startsAt === null ? null : new Date(request.startsAt)
  if (digestOf({ ...request, requester, startsAt }) !== request.digest) return false
  const seen = new Set([(request.submittedTerms as { digest: string }).digest])
  const narrowings = new Map(
    decisions.flatMap(({ digest, result }) => (digest === result ? [] : [[digest, result] as const])),
  )
  let reached = (request.submittedTerms as { digest: string }).digest
  for (let next = narrowings.get(reached); next && !seen.has(next); next = narrowings.get(reached)) {
    seen.add(next)
    reached = next
  }
  return reached === request.digest && decisions.every(({ digest, result }) => seen.has(digest) && seen.has(result))
}

/**
 * Why these records do not say what Postern wrote; null when they do. Whether what they say is enough is for others
 * (lib/core/approvals, lib/core/guardrails): only on records that passed here may they judge. Never throws.
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
    const sentence = 'The entitlement on record is not the one that was asked for.'
    return { record: 'entitlement', id: request.entitlementHash, code: 'not-its-name', sentence }
  }
  if (!holds(() => leadsThere(records))) {
    const sentence = 'What is on record is not what was approved.'
    return { record: 'request', id: request.id, code: 'not-what-was-decided', sentence }
  }
  return null
}

/** What is not signed (the terms as they stand now) may be of any shape, and then it does not hold. */
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
