import type { Guardrail } from '../facts.ts'

export const ticketMissing: Guardrail = {
  code: 'ticket-missing',
  find: ({ entitlement, submission }) =>
    !entitlement.ticket.required || submission.ticket?.trim()
      ? []
      : [
          {
            code: 'ticket-missing',
            pointer: '/ticket',
            sentence: `${entitlement.name} needs a ticket${entitlement.ticket.pattern ? ` that matches ${entitlement.ticket.pattern}` : ''}.`,
          },
        ],
}
