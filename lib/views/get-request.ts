import { toPersonResource } from '#lib/adapters/db/people/people'
import { gatherRequest } from '#lib/adapters/db/requests/gather-requests'
import type { PersonActor } from '#lib/core/access/actor'
import { formatDuration } from '#lib/core/access/duration'
import { notFound } from '#lib/core/access/errors'
import { idSchema } from '#lib/core/access/ids'
import { maySee } from '#lib/core/access/may-see'
import type { RecordedFacts } from '#lib/core/access/recorded-facts'
import type { RequestResource } from '#lib/core/access/request-resource'
import type { Rule } from '#lib/core/access/rule'
import { storedVerdict } from '#lib/core/access/verdict'
import { currentAccessOfRequest } from './current-access.ts'
import { toGrantResource } from './grant-resource.ts'
import { recordedRisk, riskOf } from './risk.ts'
import { gatherPeople, toSummary } from './summaries.ts'

type SubmittedTerms = { namespaces: string[]; rules: Rule[]; durationSeconds: number; digest: string }

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
    grant: row.grant && toGrantResource(actor, row, row.grant, people.now),
  }
}
