import { RE2JS } from 're2js'
import type { Limit } from '#lib/core/guardrails/facts'
import { ticketFormat } from '#lib/core/guardrails/ticket-example'

export const ticketMalformed: Limit = {
  code: 'ticket-malformed',
  find: ({ entitlement, submission }) => {
    const { pattern, example } = entitlement.ticket
    const ticket = submission.ticket?.trim()
    if (!pattern || !ticket) return []
    // RE2 matches in linear time, so no ticket can make a pattern hang.
    if (RE2JS.compile(pattern).matcher(ticket).find()) return []
    return [
      {
        pointer: '/ticket',
        sentence: `${JSON.stringify(ticket)} is not a valid ticket: it must ${ticketFormat(pattern, example)}.`,
      },
    ]
  },
}
