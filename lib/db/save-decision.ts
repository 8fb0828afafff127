import type { PersonActor } from '#lib/access/actor'
import { AppError } from '#lib/access/errors'
import type { DecisionInput } from '#lib/access/request'
import type { Verdict } from '#lib/access/resources'
import type { Resolution } from '#lib/approvals/resolve'
import { type About, judgedData, type NewAuditEvent, recordEvents } from './audit.ts'
import type { Tx } from './client.ts'
import { createGrant } from './create-request.ts'
import { newId } from './ids.ts'
import { toJson } from './json.ts'
import type { LockedRequest } from './lock-request.ts'
import { moveRequest } from './transition.ts'

export type NewDecision = {
  actor: PersonActor
  /** As it stood before. */
  request: LockedRequest
  /** As it stands after, narrowed or not, with its digest. */
  terms: Pick<LockedRequest, 'namespaces' | 'rules' | 'durationSeconds'>
  digest: string
  input: DecisionInput
  /** What a yes was judged by; null for a no, which nothing hinders. */
  verdict: Verdict | null
  outcome: Resolution['outcome']
  now: Date
  about: About
}

const termsOf = ({ namespaces, rules, durationSeconds }: NewDecision['terms']) =>
  toJson({ namespaces, rules, durationSeconds })

/** What happened, in the order in which a reader tells it. */
function eventsOf({
  actor,
  request,
  terms,
  digest,
  input,
  verdict,
  outcome,
  about: old,
}: NewDecision): NewAuditEvent[] {
  const about = { ...old, namespaces: terms.namespaces }
  const note = input.note || null
  const groups = request.approverGroups.filter((group) => actor.person.groups.includes(group))
  const judged = verdict ? { judged: judgedData(verdict) } : {}
  const data = { decision: input.decision, digest: input.digest, note, groups, ...judged }
  const events: NewAuditEvent[] = [{ type: 'decision.made', actor, data, about }]
  if (digest !== request.digest) {
    const data = { digest: request.digest, result: digest }
    events.push({ type: 'request.narrowed', actor, data, about, before: termsOf(request), after: termsOf(terms) })
  }
  if (outcome === 'approved')
    events.push({ type: 'request.approved', actor, data: { digest, automatic: false }, about })
  if (outcome === 'denied') events.push({ type: 'request.denied', actor, data: { note }, about })
  return events
}

/**
 * Writes a decision and what follows from it: narrowed terms, the request's move, the grant of an approved one. Expects
 * the request's row to be locked.
 */
export async function saveDecision(tx: Tx, decision: NewDecision) {
  const { actor, request, terms, digest, input, outcome, now } = decision
  const isNarrowed = digest !== request.digest
  await tx.decision.createMany({
    data: {
      id: newId('decision', now),
      requestId: request.id,
      personId: actor.person.id,
      decision: input.decision,
      note: input.note || null,
      digest: input.digest,
      result: digest,
      ...(isNarrowed ? { narrowed: { before: termsOf(request), after: termsOf(terms) } } : {}),
      groups: actor.person.groups,
      createdAt: now,
    },
  })
  const set = isNarrowed ? { ...termsOf(terms), digest } : {}
  const events = eventsOf(decision)
  if (outcome !== 'pending') {
    await moveRequest(tx, request.id, 'pending', outcome, events, { ...set, resolvedAt: now })
    if (outcome === 'approved') await createGrant(tx, { ...request, ...terms }, now)
    return
  }
  if (isNarrowed) {
    const where = { id: request.id, status: 'pending', digest: request.digest } as const
    const { count } = await tx.request.updateMany({ where, data: set })
    if (count === 0) throw new AppError('conflict', 'The terms have changed meanwhile. Read them again, then decide.')
  }
  await recordEvents(tx, events)
}
