import { reads } from '#lib/adapters/db/client'
import { gatherJudgement } from '#lib/adapters/db/gather-judgement'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { formatDuration } from '#lib/core/access/duration'
import { isAmong } from '#lib/core/access/entitlement'
import { secondsLeft } from '#lib/core/access/extension'
import type { Preview } from '#lib/core/access/preview-resource'
import { viaOfSubmission } from '#lib/core/access/recorded-facts'
import type { Submission } from '#lib/core/access/request'
import type { Rule } from '#lib/core/access/rule'
import { digestOf } from '#lib/core/access/terms'
import { unknownEntitlementVerdict, verdictForRequester } from '#lib/core/access/unknown-entitlement'
import type { Verdict } from '#lib/core/access/verdict-resource'
import { allGroups } from '#lib/core/approvals/escalation'
import { asYaml, grantObjects, keyOf } from '#lib/core/grants/manifests'
import { subjectKindAt } from '#lib/core/grants/subject-kind'
import { grantedRules } from '#lib/core/guardrails/granted-rules'
import { judgeFully } from '#lib/core/guardrails/judge'
import { isTooLarge } from '#lib/core/guardrails/limits/all'
import { patternsOf, ticketExample } from '#lib/core/guardrails/ticket-example'
import { alreadyHeldBy } from './already-held.ts'
import { gatherPeopleOfSteps } from './people-of-steps.ts'
import { riskOf } from './risk.ts'
import { toSteps } from './steps.ts'

/** Takes the place of ids that exist only after the submission. */
const placeholder = { grantId: `grt_${'0'.repeat(26)}`, requestId: `req_${'0'.repeat(26)}` }

const notTheirs = 'Only people who can request this entitlement can see it.'
const tooLarge = 'This request covers too many permissions to compare.'

/**
 * The violations and nothing else: for an entitlement that this person may not request, and for more permissions than
 * anyone may request, because the objects of a grant would be megabytes then.
 */
const onlyVerdict = (verdict: Verdict, why: string): Preview => ({
  verdict,
  steps: [],
  rules: [],
  difference: { known: false, why },
  risk: { severity: 'low', findings: [] },
  alreadyHeld: [],
  ticketExample: null,
  maxDuration: formatDuration(0),
  digest: '',
  manifests: '',
  objects: [],
})

/**
 * What a submission would lead to: the same verdict as on submission, the required approvals, and the objects that would be
 * created. Changes and records nothing.
 */
export async function previewRequest(actor: PersonActor, submission: Submission): Promise<Preview> {
  const policy = currentPolicy()
  const { person } = actor
  const entitlement = policy.configuration.entitlements.find(({ name }) => name === submission.entitlement)
  // Before anything is read: an entitlement for other people takes no longer to refuse than an unknown one.
  if (!entitlement || !isAmong(entitlement.who, person))
    return onlyVerdict(unknownEntitlementVerdict(policy.hash), notTheirs)
  const agent = submission.agent ?? null
  const via = viaOfSubmission(actor.origin, agent)
  const { facts } = await gatherJudgement(reads(), {
    ...{ policy, entitlement, requester: person },
    submission: { ...submission, via },
    extends: submission.extends,
  })
  const judged = judgeFully(policy.compiled, facts)
  const verdict = verdictForRequester(judged.verdict)
  if (verdict !== judged.verdict) return onlyVerdict(verdict, notTheirs)
  if (isTooLarge(verdict.violations)) return onlyVerdict(verdict, tooLarge)

  const { steps, limits } = judged
  const people = await gatherPeopleOfSteps(steps.map(allGroups))
  const open = {
    ...{ requester: person, steps, currentSteps: steps, isOpen: true, decisions: [] },
    ...{ clock: null, approverGroups: [] },
  }
  const rules: Rule[] = grantedRules(entitlement, facts.submission.rules, facts.cluster.clusterRoles) ?? []
  const namespaces = [...new Set(submission.namespaces)].sort()
  const clusterRole = entitlement.clusterRole ?? null
  const { cluster } = submission
  const requestUrl = `${policy.configuration.publicUrl}/requests/${placeholder.requestId}`
  const { grantId } = placeholder
  const manifests = grantObjects({
    grantId,
    subject: subjectKindAt(policy.configuration, cluster),
    namespaces,
    rules,
    clusterRole,
    requester: person,
    requestUrl,
    digest: null,
    expiresAt: null,
  })
  return {
    verdict,
    steps: toSteps(open, people),
    rules,
    difference: facts.currentAccess?.difference ?? {
      known: false,
      why: 'The rules that would be granted are not known yet.',
    },
    risk: riskOf(rules, namespaces, facts.currentAccess?.risk),
    alreadyHeld: await alreadyHeldBy(actor, { cluster, namespaces, rules }),
    ticketExample: ticketExample(
      [...patternsOf(entitlement.ticket), ...verdict.requirements.ticketPatterns],
      entitlement.ticket.example,
    ),
    maxDuration: formatDuration(
      Math.min(
        entitlement.duration.max,
        limits.maxDurationSeconds ?? Number.POSITIVE_INFINITY,
        facts.extended
          ? Math.max(0, secondsLeft(facts.extended.heldSince, entitlement, facts.now))
          : Number.POSITIVE_INFINITY,
      ),
    ),
    digest: digestOf({
      requester: person,
      cluster,
      namespaces,
      rules,
      clusterRole,
      durationSeconds: submission.durationSeconds,
      startsAt: submission.startsAt ?? null,
      agent,
    }),
    manifests: asYaml(manifests),
    objects: manifests.map(keyOf),
  }
}
