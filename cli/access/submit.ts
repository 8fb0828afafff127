// Submits a request, and asks the person for the details that are still missing.
import { randomUUID } from 'node:crypto'
import { submitted } from '#lib/api-client/shapes'
import { ask } from '../ask.ts'
import { line, note } from '../output.ts'
import type { Api } from '../server/api.ts'
import type { Terminal } from '../terminal.ts'
import type { Draft } from './from-paste.ts'
import { durationText } from './words.ts'

export type Details = { reason?: string; ticket?: string; for?: string; startsAt?: string }

export type Body = {
  entitlement: string
  cluster: string
  namespaces: string[]
  rules?: unknown
  reason: string
  ticket?: string
  duration: string
  startsAt?: string
}

/** The body of a request. @param isTrial a dry run needs no reason yet */
export async function bodyOf(terminal: Terminal, draft: Draft, details: Details, isTrial = false): Promise<Body> {
  const { entitlement, cluster, namespaces, rules } = draft
  const { reasonMinLength, ticket, defaultDuration } = entitlement
  const needsReason = details.reason === undefined && reasonMinLength > 0 && !isTrial
  const reason = needsReason
    ? await ask(terminal, 'Why do you need it?', 'Say why with --reason.')
    : (details.reason ?? '')
  const needsTicket = details.ticket === undefined && ticket.required && !isTrial
  const example = ticket.example ? ` (such as ${line(ticket.example)})` : ''
  const number = needsTicket
    ? await ask(terminal, `Which ticket${example}?`, 'Name the ticket with --ticket.')
    : details.ticket
  return {
    ...{ entitlement: entitlement.name, cluster, namespaces, reason, duration: details.for ?? defaultDuration },
    ...(rules ? { rules } : {}),
    ...(number ? { ticket: number } : {}),
    ...(details.startsAt ? { startsAt: details.startsAt } : {}),
  }
}

export const inWords = (draft: Draft, { duration }: Pick<Body, 'duration'>): string =>
  line(
    `${draft.entitlement.title} in ${draft.namespaces.join(', ')} on ${draft.cluster} for ${durationText(duration)}`,
    300,
  )

/** @param key the Idempotency-Key, for a person who may send the same request again because an answer was lost */
export const send = (api: Api, body: object, key: string = randomUUID()) =>
  api.call({ path: '/requests', body, response: submitted, isKeyed: true, key })

export const noteSubmitted = (terminal: Terminal, id: string, draft: Draft, body: Body) =>
  note(terminal, `Submitted ${id}: ${inWords(draft, body)}.`)

export async function submit(terminal: Terminal, api: Api, draft: Draft, body: Body) {
  const found = await send(api, body)
  noteSubmitted(terminal, found.id, draft, body)
  return found
}
