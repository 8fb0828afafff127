import { clip, type NewAuditEvent, namesOf, refuse } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { lockHeld } from '#lib/adapters/db/people/held'
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
import { maySee } from '#lib/core/access/may-see'
import { groupsStillCounting } from '#lib/core/access/on-call'
import type { DecisionInput } from '#lib/core/access/request'
import type { RequestStatus } from '#lib/core/access/status'
import { digestOf } from '#lib/core/access/terms'
import { secondsOn } from '#lib/core/approvals/approval-clock'
import { currentApprovalSteps, stepsThatCount } from '#lib/core/approvals/current-steps'
import { stepsAt } from '#lib/core/approvals/escalation'
import { mayDecide, type NotDecidingCode } from '#lib/core/approvals/may-decide'
import { narrow } from '#lib/core/approvals/narrow'
import { hasExpired } from '#lib/core/approvals/request-expiry'
import { resolve } from '#lib/core/approvals/resolve'
import { subjectKindAt } from '#lib/core/grants/subject-kind'
import { because, judgeApproval, type Refusal } from './judge-approval.ts'

export type Decided = { status: RequestStatus; digest: string }

const errorCodes: Record<NotDecidingCode, 'forbidden' | 'conflict'> = {
  'own-request': 'forbidden',
  'not-an-approver': 'forbidden',
  'not-pending': 'conflict',
  'already-decided': 'conflict',
  unverified: 'forbidden',
}

/** Why a request is no longer pending: who resolved it, and when. */
function whyNotPending({ status, resolvedAt }: LockedRequest, { decisions }: Situation): string {
  const at = `at ${resolvedAt?.toISOString()}`
  const last = decisions.at(-1)?.person.name
  const by = last ? ` by ${last}` : ''
  if (status === 'approved' || status === 'denied') return `This request was already ${status}${by} ${at}.`
  if (status === 'withdrawn') return `This request was withdrawn by its requester ${at}.`
  return `This request expired ${at}, before it was decided.`
}

/** The current steps of the request's entitlement; null if it was removed. */
const currentStepsOf = ({ entitlement }: LockedRequest) =>
  currentPolicy().configuration.entitlements.find(({ name }) => name === entitlement.name)?.approvals ?? null

/** Why this person can neither approve nor deny this request now. */
function whyNotTheirs(actor: PersonActor, request: LockedRequest, situation: Situation): Refusal | undefined {
  const { configuration } = currentPolicy()
  const current = currentStepsOf(request)
  const deciderIds = situation.decisions.map(({ personId }) => personId)
  const readers = { requesterId: request.requester.id, approverGroups: request.approverGroups, deciderIds }
  // Who may not see a request learns nothing about it, not even that it exists.
  if (!maySee(actor, readers)) return because('not-found', notFound())
  const currentSteps = currentApprovalSteps(request, current, configuration)
  const may = mayDecide({
    person: actor.person,
    requester: request.requester,
    status: request.status,
    steps: stepsAt(stepsThatCount(request, current, configuration), situation.clock, situation.now),
    currentSteps: currentSteps && stepsAt(currentSteps, situation.clock, situation.now),
    decided: situation.decisions.map(({ person }) => person),
    isOneSubjectPerPerson: configuration.identity.oneSubjectPerPerson,
  })
  if (!may.may) {
    const code = may.code ?? 'not-an-approver'
    const sentence = code === 'not-pending' ? whyNotPending(request, situation) : may.why
    return because(code, new AppError(errorCodes[code], sentence))
  }
  if (hasExpired(request, situation.now)) {
    const expiredAt = request.lapsesAt.toISOString()
    const sentence = `This request expired at ${expiredAt}, before it was decided. The requester can submit a new one.`
    return because('lapsed', new AppError('conflict', sentence))
  }
  return undefined
}

/**
 * Approves or denies a request as one of its approvers. An approval may narrow the terms; the last required one also
 * creates the grant. Of two decisions at the same moment, the second is judged after the first has committed.
 * @throws AppError `not-found`, `forbidden` (own request, not an approver), `conflict` (decided, lapsed, entitlement
 * removed), `digest-mismatch`, `invalid` (a narrowing that widens), `guardrail-violation`; each attempt is recorded
 */
export async function decideRequest(actor: PersonActor, requestId: string, input: DecisionInput): Promise<Decided> {
  return transaction(async (tx) => {
    const request = await lockRequest(tx, requestId)
    if (!request) throw notFound()
    // An approval may add a grant, which counts against a limit.
    if (input.decision === 'approve') await lockHeld(tx, request.requester.id)
    const situation = await gatherSituation(tx, request, currentPolicy().compiled)
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
    // A decision binds to the terms that its author read: these have another digest by now.
    if (input.digest !== request.digest) {
      const sentence =
        'Another approver narrowed the terms after you opened this request. Review the new terms, then decide.'
      return refuseDecision(because('digest-mismatch', new AppError('digest-mismatch', sentence)))
    }
    if (input.decision === 'deny' && input.narrow) {
      const errors = [{ pointer: '/narrow', message: 'Remove this field: only an approval can narrow.' }]
      const error = new AppError('invalid', "A denial can't narrow the terms.", { errors })
      return refuseDecision(because('denial-narrows', error))
    }
    // An approver may narrow the terms, never widen them.
    const narrowed = narrow(request, input.narrow ?? {})
    if (!narrowed.ok) {
      const error = new AppError('invalid', narrowed.errors[0]?.message ?? '', { errors: narrowed.errors })
      return refuseDecision(because('widened', error))
    }
    const { terms } = narrowed
    // Records that Postern did not write can be denied, but never approved: the approval would be for forged terms.
    if (situation.signatureFailure && input.decision === 'approve') {
      const { sentence } = situation.signatureFailure
      const error = new AppError(
        'conflict',
        `${sentence} This request can't be approved. Deny it and ask the requester to submit a new one.`,
      )
      return refuse(error, { type: 'record.rejected', actor, data: situation.signatureFailure, about })
    }
    // Guardrails and limits are judged again before every approval.
    const judged = input.decision === 'approve' ? judgeApproval(request, terms, situation) : null
    if (judged?.refusal) return refuseDecision(judged.refusal)

    // An earlier approval counts only with the groups that its approver still has.
    const { clock } = situation
    const decisions = situation.decisions.map(({ personId, person, decision, groups: then, at }) => {
      const afterSeconds = secondsOn(clock, new Date(at))
      return { personId, decision, groups: groupsStillCounting(then, person.groups), afterSeconds }
    })
    const mine = {
      ...{ personId: actor.person.id, decision: input.decision, groups: actor.person.groups },
      afterSeconds: secondsOn(clock, situation.now),
    }
    const steps = stepsThatCount(request, currentStepsOf(request), currentPolicy().configuration)
    const { outcome } = resolve(steps, [...decisions, mine])
    const digest = digestOf(terms)
    const { verdict = null, difference = null } = judged ?? {}
    const { now, decisions: earlier } = situation
    const { pauses } = clock
    const subject = subjectKindAt(currentPolicy().configuration, request.cluster)
    await saveDecision(tx, {
      ...{ actor, request, terms, digest, input, verdict, difference, outcome, earlier, subject, pauses, now, about },
    })
    return { status: outcome, digest }
  })
}
