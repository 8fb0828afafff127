import { toPersonResource } from '#lib/adapters/db/people/people'
import { gatherRequest, type WholeRequestRow } from '#lib/adapters/db/requests/gather-requests'
import { isGenuine } from '#lib/adapters/db/requests/reviews'
import { currentPolicy } from '#lib/adapters/policy/current'
import { hasRole, type PersonActor } from '#lib/core/access/actor'
import type { ReviewOutcome } from '#lib/core/access/break-glass'
import { formatDuration } from '#lib/core/access/duration'
import { notFound } from '#lib/core/access/errors'
import { idSchema } from '#lib/core/access/ids'
import type { May } from '#lib/core/access/may'
import { maySee } from '#lib/core/access/may-see'
import type { RecordedFacts } from '#lib/core/access/recorded-facts'
import type { RequestResource } from '#lib/core/access/request-resource'
import type { Rule } from '#lib/core/access/rule'
import { storedVerdict } from '#lib/core/access/verdict'
import { commentsOfSide, mayComment } from '#lib/core/approvals/may-comment'
import { couldDecide } from '#lib/core/approvals/may-decide'
import { mayReview } from '#lib/core/approvals/may-review'
import { hasExpired } from '#lib/core/approvals/request-expiry'
import { currentAccessOfRequest } from './current-access.ts'
import { toGrantResource } from './grant-resource.ts'
import { recordedRisk, riskOf } from './risk.ts'
import { decidingFacts, gatherPeople, toSummary } from './summaries.ts'

type SubmittedTerms = { namespaces: string[]; rules: Rule[]; durationSeconds: number; digest: string }

function mayReviewRow(actor: PersonActor, row: WholeRequestRow): May {
  const { configuration } = currentPolicy()
  const may = mayReview({
    ...{ person: actor.person, isAuditor: hasRole(actor, 'auditor'), requester: row.requester },
    ...{ reviewDueAt: row.reviewDueAt, isReviewed: reviewOf(row) !== null, grantStatus: row.grant?.status ?? null },
    groups: row.approverGroups,
    isOneSubjectPerPerson: configuration.identity.oneSubjectPerPerson,
  })
  return may.may ? { may: true } : { may: false, why: may.why }
}

function mayCommentRow(actor: PersonActor, row: WholeRequestRow, now: Date): May {
  const isRequester = row.requester.id === actor.person.id
  const may = mayComment({
    isRequester,
    couldDecide: couldDecide(decidingFacts(actor, row, now)),
    ...{ status: row.status, isExpired: hasExpired(row, now) },
    count: commentsOfSide(row.comments, { requesterId: row.requester.id, isRequester }),
  })
  return may.may ? { may: true } : { may: false, why: may.why }
}

/** NB: one that Postern did not write is none. */
function reviewOf({ id, reviews }: WholeRequestRow): RequestResource['review'] {
  const review = reviews.find((one) => isGenuine({ ...one, id }))
  if (!review) return null
  const { outcome, note, person, createdAt } = review
  return { outcome: outcome as ReviewOutcome, note, person: toPersonResource(person), at: createdAt.toISOString() }
}

/**
 * One request with its verdict, decisions and grant.
 * @throws AppError `not-found` if there is none, or this person may not see it
 */
export async function getRequest(actor: PersonActor, id: string): Promise<RequestResource> {
  const row = idSchema('request').safeParse(id).success ? await gatherRequest(id) : null
  // "Not there" and "not yours" are one answer.
  if (!row || !maySee(actor, { ...row, deciderIds: row.decisions.map(({ personId }) => personId) })) throw notFound()
  const [people, { difference, risk }] = await Promise.all([gatherPeople([row]), currentAccessOfRequest(row)])
  const { durationSeconds, ...submitted } = row.submittedTerms as SubmittedTerms
  const isNarrowed = submitted.digest !== row.digest
  const assessed = riskOf(row.rules as Rule[], row.namespaces, risk)
  const isAsSubmitted = row.status !== 'pending' && !isNarrowed
  return {
    ...toSummary(actor, row, people),
    risk: isAsSubmitted ? recordedRisk(assessed, (row.facts as RecordedFacts | null)?.risks ?? null) : assessed,
    difference,
    submittedTerms: !isNarrowed ? null : { ...submitted, duration: formatDuration(durationSeconds) },
    verdict: storedVerdict(row.verdict),
    decisions: row.decisions.map((decision) => ({
      id: decision.id,
      person: toPersonResource(decision.person),
      decision: decision.decision,
      note: decision.note,
      digest: decision.digest,
      narrowed: decision.narrowed !== null,
      at: decision.createdAt.toISOString(),
    })),
    comments: row.comments.map(({ id, person, text, needsInformation, at }) => ({
      ...{ id, person: toPersonResource(person), text, needsInformation, at: at.toISOString() },
    })),
    mayComment: mayCommentRow(actor, row, people.now),
    review: reviewOf(row),
    mayReview: mayReviewRow(actor, row),
    grant: row.grant && toGrantResource(actor, row, row.grant, people.now),
  }
}
