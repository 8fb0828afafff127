import type { PersonActor } from '#lib/access/actor'
import type { ApprovalStep } from '#lib/access/entitlement'
import { AppError, notFound } from '#lib/access/errors'
import { maySee } from '#lib/access/may-act'
import type { DecisionInput } from '#lib/access/request'
import type { Verdict } from '#lib/access/resources'
import type { RequestStatus } from '#lib/access/status'
import { digestOf } from '#lib/access/terms'
import { mayDecide, type NotDecidingCode } from '#lib/approvals/may-decide'
import { type NarrowableTerms, narrow } from '#lib/approvals/narrow'
import { resolve } from '#lib/approvals/resolve'
import { stepsInForce } from '#lib/approvals/steps-in-force'
import { clip, type NewAuditEvent, refuse } from '#lib/db/audit'
import { transaction } from '#lib/db/client'
import { toJudgementFacts } from '#lib/db/gather-judgement'
import { gatherSituation, type LockedRequest, lockRequest, type Situation } from '#lib/db/lock-request'
import { saveDecision } from '#lib/db/save-decision'
import { missingSteps } from '#lib/guardrails/policy/approval-steps'
import { judgeFully } from '#lib/guardrails/verdict'
import { currentPolicy } from '#lib/policy/current'

export type Decided = { status: RequestStatus; digest: string }

const errorCodes: Record<NotDecidingCode, 'forbidden' | 'conflict'> = {
  'own-request': 'forbidden',
  'not-an-approver': 'forbidden',
  'not-pending': 'conflict',
  'already-decided': 'conflict',
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

type Refusal = { code: string; error: AppError }

const because = (code: string, error: AppError): Refusal => ({ code, error })

/** Why this person cannot decide this request now, whatever they would say about it. */
function whyNotTheirs(actor: PersonActor, request: LockedRequest, situation: Situation): Refusal | undefined {
  const { entitlements } = currentPolicy().configuration
  const current = entitlements.find(({ name }) => name === request.entitlement.name)
  const deciderIds = situation.decisions.map(({ personId }) => personId)
  const seen = { requesterId: request.requester.id, approverGroups: request.approverGroups, deciderIds }
  if (!maySee(actor, seen)) return because('not-found', notFound())
  const may = mayDecide({
    person: actor.person,
    requester: request.requester,
    status: request.status,
    steps: request.steps,
    currentSteps: stepsInForce(request, current?.approvals ?? null),
    decided: situation.decisions.map(({ person }) => person),
  })
  if (!may.may) {
    const code = may.code ?? 'not-an-approver'
    const sentence = code === 'not-pending' ? whoWasFaster(request, situation) : may.why
    return because(code, new AppError(errorCodes[code], sentence))
  }
  if (request.lapsesAt <= situation.now) {
    const sentence = `Nobody decided before ${request.lapsesAt.toISOString()}: this request has lapsed. It has to be asked for again.`
    return because('lapsed', new AppError('conflict', sentence))
  }
  return undefined
}

/**
 * Guardrails that have come to want more approvals than the request was asked with. Its steps are part of what everybody
 * has read and do not grow while people decide; so what is missing cannot be given any more.
 */
function whyNotEnough(steps: readonly ApprovalStep[], requirements: Verdict['requirements']): Refusal | undefined {
  const missing = missingSteps(steps, requirements)
  if (missing.length === 0) return undefined
  const wanted = missing.map(({ groups, count }) => `${count} more of ${groups.join(' or ')}`).join(' and ')
  const sentence = `The policy has changed since this was asked: it now needs ${wanted}. It cannot be approved as it stands; it has to be asked for anew.`
  return because('approvals-missing', new AppError('conflict', sentence))
}

/** Why these terms cannot be approved now: the world may have moved since they were asked for. */
function whyNotApprovable(request: LockedRequest, terms: NarrowableTerms, situation: Situation): Refusal | undefined {
  const policy = currentPolicy()
  const current = policy.configuration.entitlements.find(({ name }) => name === request.entitlement.name)
  if (!current) {
    const sentence = `${request.entitlement.name} is not in the configuration any more: nobody can approve it. Deny it, or let it lapse.`
    return because('entitlement-removed', new AppError('conflict', sentence))
  }
  // The terms are those of the day it was asked; who may ask is as it is today, so that a lost right takes effect.
  const facts = toJudgementFacts({
    policy,
    entitlement: { ...request.entitlement, who: current.who },
    requester: request.requester,
    asked: { ...request, ...terms, entitlement: request.entitlement.name },
    cluster: situation.cluster,
    now: situation.now,
    stage: 'deciding',
  })
  const { verdict } = judgeFully(policy.compiled, facts)
  const { violations, requirements } = verdict
  const errors = violations.map(({ sentence }) => ({ pointer: '', message: sentence }))
  const first = violations[0]
  if (!first) return whyNotEnough(request.steps, requirements)
  const sentence = `This cannot be approved as things stand: ${first.sentence}`
  return because(first.code, new AppError('guardrail-violation', sentence, { errors }))
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
    const refuseDecision = ({ code, error }: Refusal): Promise<never> => {
      const data = { code, sentence: clip(error.message) }
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
      throw new AppError('invalid', 'A denial leaves nothing to narrow.', { errors })
    }
    const narrowed = narrow(request, input.narrow ?? {})
    if (!narrowed.ok) {
      const error = new AppError('invalid', narrowed.errors[0]?.message ?? '', { errors: narrowed.errors })
      return refuseDecision(because('widened', error))
    }
    const { terms } = narrowed
    const notApprovable = input.decision === 'approve' && whyNotApprovable(request, terms, situation)
    if (notApprovable) return refuseDecision(notApprovable)

    const decisions = situation.decisions.map(({ personId, person, decision }) => {
      return { personId, decision, groups: person.groups }
    })
    const mine = { personId: actor.person.id, decision: input.decision, groups: actor.person.groups }
    const { outcome } = resolve(request.steps, [...decisions, mine])
    const digest = digestOf(terms)
    await saveDecision(tx, { actor, request, terms, digest, input, outcome, now: situation.now, about })
    return { status: outcome, digest }
  })
}
