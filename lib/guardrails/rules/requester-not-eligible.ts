import { isAmong } from '#lib/access/entitlement'
import type { Guardrail } from '../facts.ts'

export const requesterNotEligible: Guardrail = {
  code: 'requester-not-eligible',
  find: ({ entitlement, requester, submission }) =>
    isAmong(entitlement.who, requester)
      ? []
      : [
          {
            code: 'requester-not-eligible',
            pointer: '/entitlement',
            sentence: `You may not ask for ${submission.entitlement}: it is for ${whoInWords(entitlement.who)}.`,
          },
        ],
}

function whoInWords({ groups = [], people = [] }: { groups?: string[]; people?: string[] }): string {
  const one = groups.length === 1 ? `members of ${groups[0]}` : `members of one of ${groups.join(', ')}`
  // People are named by their subject at the identity provider: nobody else's to read.
  const named = people.length === 1 ? 'one named person' : `${people.length} named people`
  return [...(groups.length ? [one] : []), ...(people.length ? [named] : [])].join(' and ')
}
