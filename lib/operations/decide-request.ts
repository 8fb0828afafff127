import { clip, type NewAuditEvent, namesOf, refuse } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import {
  gatherSituation,
  type LockedRequest,
  lockRequest,
  type Situation,
} from '#lib/adapters/db/requests/lock-request'
import { saveDecision } from '#lib/adapters/db/requests/save-decision'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { maySee } from '#lib/core/access/may-act'
import type { DecisionInput } from '#lib/core/access/request'
import type { RequestStatus } from '#lib/core/access/status'
import { digestOf } from '#lib/core/access/terms'
import { currentApprovalSteps } from '#lib/core/approvals/current-steps'
import { mayDecide, type NotDecidingCode } from '#lib/core/approvals/may-decide'
import { narrow } from '#lib/core/approvals/narrow'
import { hasExpired } from '#lib/core/approvals/request-expiry'
import { resolve } from '#lib/core/approvals/resolve'
import { because, judgeApproval, type Refusal } from './judge-approval.ts'

export type Decided = { status: RequestStatus; digest: string }

const errorCodes: Record<NotDecidingCode, 'forbidden' | 'conflict'> = {
  'own-request': 'forbidden',
  'not-an-approver': 'forbidden',
  'not-pending': 'conflict',
  'already-decided': 'conflict',
  unverified: 'forbidden',
}

/** Who was faster, and when, for whoever was not. */
function whoWasFaster({ status, resolvedAt }: LockedRequest, { decisions }: Situation): string {
  const at = `at ${resolvedAt?.toISOString()}`
  const last = decisions.at(-1)?.person.name
  if (status === 'approved') return last ? `This request was already approved by ${last} ${at}.` : `Approved ${at}.`
  if (status === 'denied') return `This request was already denied by ${last} ${at}.`
  if (status === 'withdrawn') return `This request was withdrawn by its requester ${at}.`
  return `This request lapsed ${at}: nobody decided in time.`
}

/** Why this person cannot decide this request now, whatever they would say about it. */
function whyNotTheirs(actor: PersonActor, request: LockedRequest, situation: Situation): Refusal | undefined {
  const { entitlements, identity } = currentPolicy().configuration
  const current = entitlements.find(({ name }) => name === request.entitlement.name)
  const deciderIds = situation.decisions.map(({ personId }) => personId)
  const seen = { requesterId: request.requester.id, approverGroups: request.approverGroups, deciderIds }
  if (!maySee(actor, seen)) return because('not-found', notFound())
  const may = mayDecide({
    person: actor.person,
    requester: request.requester,
    status: request.status,
    steps: request.steps,
    currentSteps: currentApprovalSteps(request, current?.approvals ?? null),
    decided: situation.decisions.map(({ person }) => person),
    isOneSubjectPerPerson: identity.oneSubjectPerPerson,
  })
  if (!may.may) {
    const code = may.code ?? 'not-an-approver'
    const sentence = code === 'not-pending' ? whoWasFaster(request, situation) : may.why
    return because(code, new AppError(errorCodes[code], sentence))
  }
  if (hasExpired(request, situation.now)) {
    const sentence = `Nobody decided before ${request.lapsesAt.toISOString()}: this request has lapsed. It has to be asked for again.`
    return because('lapsed', new AppError('conflict', sentence))
  }
  return undefined
}

/**
 * Says yes or no to a request, once, as a person who may. A yes may narrow the terms; when it is the last that was
 * needed, the grant is written with it. Two people at once: the second sees what the first one did.
 * @throws AppError `not-found`, `forbidden` (own request, not an approver), `conflict` (decided, lapsed, entitlement
 * removed), `digest-mismatch`, `invalid` (a narrowing that widens), `guardrail-violation`; each attempt is recorded
 */
export async function decideRequest(actor: PersonActor, requestId: string, input: DecisionInput): Promise<Decided> {
  return transaction(async (tx) => {
    const request = await lockRequest(tx, requestId)
    if (!request) throw notFound()
    const situation = await gatherSituation(tx, request)
    const about = {
      requestId: request.id,
      personId: request.requester.id,
      cluster: request.cluster,
      namespaces: request.namespaces,
      policyHash: currentPolicy().hash,
    }
    const refuseDecision = ({ code, error, stoppedBy }: Refusal): Promise<never> => {
      const data = { code, sentence: clip(error.message), ...namesOf(stoppedBy) }
      const event: NewAuditEvent = { type: 'decision.refused', actor, data, about }
      return refuse(error, event)
    }

    const notTheirs = whyNotTheirs(actor, request, situation)
    if (notTheirs) return refuseDecision(notTheirs)
    if (input.digest !== request.digest) {
      const sentence =
        'The terms are not the ones you saw: somebody narrowed them meanwhile. Read them again, then decide.'
      return refuseDecision(because('digest-mismatch', new AppError('digest-mismatch', sentence)))
    }
    if (input.decision === 'deny' && input.narrow) {
      const errors = [{ pointer: '/narrow', message: 'Leave it out: only an approval can narrow.' }]
      const error = new AppError('invalid', 'A denial leaves nothing to narrow.', { errors })
      return refuseDecision(because('denial-narrows', error))
    }
    const narrowed = narrow(request, input.narrow ?? {})
    if (!narrowed.ok) {
      const error = new AppError('invalid', narrowed.errors[0]?.message ?? '', { errors: narrowed.errors })
      return refuseDecision(because('widened', error))
    }
    const { terms } = narrowed
    // A no on records that Postern did not write harms nobody; a yes would be taken for one to what Postern wrote.
    if (situation.signatureFailure && input.decision === 'approve') {
      const { sentence } = situation.signatureFailure
      const error = new AppError('conflict', `${sentence} It cannot be approved: deny it, and have it asked for anew.`)
      return refuse(error, { type: 'record.rejected', actor, data: situation.signatureFailure, about })
    }
    const judged = input.decision === 'approve' ? judgeApproval(request, terms, situation) : null
    if (judged?.refusal) return refuseDecision(judged.refusal)

    const decisions = situation.decisions.map(({ personId, person, decision, groups: then }) => {
      return { personId, decision, groups: person.groups.filter((group) => then.includes(group)) }
    })
    const mine = { personId: actor.person.id, decision: input.decision, groups: actor.person.groups }
    const { outcome } = resolve(request.steps, [...decisions, mine])
    const digest = digestOf(terms)
    const { verdict = null, difference = null } = judged ?? {}
    const { now } = situation
    await saveDecision(tx, { actor, request, terms, digest, input, verdict, difference, outcome, now, about })
    return { status: outcome, digest }
  })
}
