import { originOfRequest } from '#lib/adapters/auth/actor-of-request'
import { isAuditSender } from '#lib/adapters/auth/api-server-caller'
import { networkOf, takeCall } from '#lib/adapters/auth/rate-limit'
import { readBody } from '#lib/adapters/auth/read-body'
import type { SavedEvents } from '#lib/core/access/activity-resource'
import type { SystemActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { newReference } from '#lib/observability/reference'
import { endpoints } from './endpoints.ts'
import type { Handler } from './handle.ts'
import { takeTurn } from './in-progress.ts'
import { type CallRecord, perform } from './perform.ts'
import { apiHeaders, problemOf } from './problem.ts'
import { maxAuditBytes, parseBody, parseQuery } from './read-input.ts'

const endpoint = endpoints.receiveAuditEvents

async function eventsIn(request: Request): Promise<unknown[]> {
  const bytes = await readBody(request, maxAuditBytes)
  const text = new TextDecoder().decode(bytes)
  const { items } = parseBody(text, endpoint.body)
  if (!Array.isArray(items))
    throw new AppError('malformed', 'The body is not an EventList of audit.k8s.io/v1: it has no list of items.')
  return items
}

/** The route for the audit events of clusters. The caller is no person: it has the token of its cluster. */
export function auditRoute(
  save: (actor: SystemActor, cluster: string, events: unknown[], importId?: string) => Promise<SavedEvents>,
): Handler {
  return async (request, context) => {
    const record: CallRecord = { reference: newReference() }
    const performed = await perform(endpoint, record, async () => {
      const origin = originOfRequest(request)
      record.reference = origin.reference
      const cluster = String((await context.params).cluster)
      if (!(await isAuditSender(cluster, request.headers.get('authorization')))) {
        takeCall('unauthenticated', networkOf(origin.clientAddress))
        throw new AppError(
          'unauthenticated',
          'This is for the API server of a configured cluster. Send the token of its audit.tokenFile as a bearer token.',
        )
      }
      const query = parseQuery(new URL(request.url), endpoint.query)
      const turn = takeTurn(`audit events of ${cluster}`)
      try {
        await turn.begins
        const actor: SystemActor = { kind: 'system', component: 'activity', origin }
        return await save(actor, cluster, await eventsIn(request), query.import)
      } finally {
        turn.end()
      }
    })
    if (performed.error) return problemOf(performed.error, record.reference)
    return new Response(JSON.stringify(performed.value), {
      status: endpoint.status,
      headers: { ...apiHeaders, 'content-type': 'application/json', 'postern-reference': record.reference },
    })
  }
}
