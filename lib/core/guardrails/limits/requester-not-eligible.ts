import { type Entitlement, isAmong } from '#lib/core/access/entitlement'
import type { Violation } from '#lib/core/access/resources'
import type { Guardrail, JudgementFacts } from '#lib/core/guardrails/facts'

const code = 'requester-not-eligible'

type Facts = {
  entitlement: Pick<Entitlement, 'who'>
  requester: Pick<JudgementFacts['requester'], 'subject' | 'groups'>
  submission: Pick<JudgementFacts['submission'], 'entitlement'>
}

function find({ entitlement, requester, submission }: Facts): Violation[] {
  const { subject, groups } = requester
  if (isAmong(entitlement.who, { subject, groups: groups ?? [] })) return []
  const who = whoInWords(entitlement.who)
  const sentence = groups
    ? `You may not ask for ${submission.entitlement}: it is for ${who}.`
    : `${submission.entitlement} is for ${who}, and the groups of the requester are not known.`
  return [{ code, pointer: '/entitlement', sentence }]
}

export const requesterNotEligible = { code, find } satisfies Guardrail

function whoInWords({ groups = [], people = [] }: { groups?: string[]; people?: string[] }): string {
  const one = groups.length === 1 ? `members of ${groups[0]}` : `members of one of ${groups.join(', ')}`
  // People are named by their subject at the identity provider: nobody else's to read.
  const named = people.length === 1 ? 'one named person' : `${people.length} named people`
  return [...(groups.length ? [one] : []), ...(people.length ? [named] : [])].join(' and ')
}
