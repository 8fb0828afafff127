import { isAmong, type Who } from '#lib/core/access/entitlement'
import type { Limit } from '#lib/core/guardrails/facts'

/** The only facts that this limit needs, so that it can be checked before anything else is read. */
type EligibilityFacts = {
  entitlement: { who: Who }
  requester: { subject: string; groups: readonly string[] | null }
  submission: { entitlement: string }
}

export const requesterNotEligible: Limit<EligibilityFacts> = {
  code: 'requester-not-eligible',
  find: ({ entitlement: { who }, requester: { subject, groups }, submission }) => {
    if (isAmong(who, { subject, groups: groups ?? [] })) return []
    const because = groups ? 'the requester is not one of them' : "the requester's groups are not known"
    const sentence = `${submission.entitlement} is limited to ${whoInWords(who)}, and ${because}.`
    return [{ pointer: '/entitlement', sentence }]
  },
}

function whoInWords({ groups = [], people = [] }: Who): string {
  const members = groups.length > 0 ? [`members of ${groups.join(' or ')}`] : []
  // People are configured by their subject at the identity provider, which other people may not read.
  const named = people.length === 1 ? ['one named person'] : [`${people.length} named people`]
  return [...members, ...(people.length > 0 ? named : [])].join(' and ')
}
