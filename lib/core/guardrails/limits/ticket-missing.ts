import type { Limit } from '#lib/core/guardrails/facts'

export const ticketMissing: Limit = {
  code: 'ticket-missing',
  find: ({ entitlement: { name, ticket }, submission }) => {
    if (!ticket.required || submission.ticket?.trim()) return []
    const sentence = `${name} requires a ticket${ticket.pattern ? ` that matches ${ticket.pattern}` : ''}.`
    return [{ pointer: '/ticket', sentence }]
  },
}
