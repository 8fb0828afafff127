import type { Limit } from '#lib/core/guardrails/facts'
import { ticketFormat } from '#lib/core/guardrails/ticket-example'

export const ticketMissing: Limit = {
  code: 'ticket-missing',
  find: ({ entitlement: { name, ticket }, submission }) => {
    if (!ticket.required || submission.ticket?.trim()) return []
    const format = ticket.pattern ? ` It must ${ticketFormat(ticket.pattern, ticket.example)}.` : ''
    const sentence = `${name} requires a ticket.${format}`
    return [{ pointer: '/ticket', sentence }]
  },
}
