import { RE2JS } from 're2js'
import type { Guardrail } from '#lib/core/guardrails/facts'

export const ticketMalformed: Guardrail = {
  code: 'ticket-malformed',
  find: ({ entitlement, submission }) => {
    const { pattern } = entitlement.ticket
    const ticket = submission.ticket?.trim()
    if (!pattern || !ticket) return []
    // RE2 syntax, matched in linear time: no ticket can make a pattern hang.
    if (RE2JS.compile(pattern).matcher(ticket).find()) return []
    const sentence = `${JSON.stringify(ticket)} is not a ticket here: it must match ${pattern}.`
    return [{ code: 'ticket-malformed', pointer: '/ticket', sentence }]
  },
}
