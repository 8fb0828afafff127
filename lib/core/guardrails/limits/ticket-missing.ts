import type { Guardrail } from '#lib/core/guardrails/facts'

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
