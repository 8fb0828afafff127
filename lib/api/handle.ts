import type { z } from 'zod'
import { actorOfRequest, originOfRequest } from '#lib/adapters/auth/actor-of-request'
import { networkOf, takeCall } from '#lib/adapters/auth/rate-limit'
import type { Origin, PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { log } from '#lib/observability/log'
import { metrics } from '#lib/observability/metrics'
import { newReference } from '#lib/observability/reference'
import { alignResponse } from './constant-time.ts'
import type { Endpoint } from './endpoints.ts'
import { answerOnce, idempotencyKeyOf, spendKey } from './idempotency-key.ts'
import { apiHeaders, problemOf } from './problem.ts'
import { parseBody, parseQuery, readJsonText } from './read-input.ts'
import { unlessUnavailable } from './unless-unavailable.ts'

type Fields<T> = { [K in keyof T]: T[K] extends z.ZodType ? z.output<T[K]> : never }

/** What an operation gets of a call: who, and what was sent, all of it checked. */
export type Call<E extends Endpoint> = {
  actor: PersonActor
  params: Fields<E['params']>
  query: z.output<E['query']>
  body: E['body'] extends z.ZodType ? z.output<E['body']> : undefined
}

export type Context = { params: Promise<Record<string, string | string[] | undefined>> }
export type Handler = (request: Request, context: Context) => Promise<Response>

/** An id that is not one names nothing: the same answer as for one that is not there. */
function readParams<E extends Endpoint>(endpoint: E, sent: Record<string, unknown>): Fields<E['params']> {
  return Object.fromEntries(
    Object.entries(endpoint.params).map(([name, schema]) => {
      const parsed = schema.safeParse(sent[name])
      if (!parsed.success) throw notFound()
      return [name, parsed.data]
    }),
  ) as Fields<E['params']>
}

/** Who calls. Whoever is recognised is let through, whatever else comes from their address: nobody can lock them out. */
async function whoCalls(request: Request, origin: Origin): Promise<PersonActor> {
  try {
    return await actorOfRequest(request, origin)
  } catch (error) {
    if (error instanceof AppError && error.code === 'unauthenticated')
      takeCall('unauthenticated', networkOf(origin.clientAddress))
    throw error
  }
}

type Answer = { status: number; body: unknown; headers?: Record<string, string> }

async function answer<E extends Endpoint>(
  endpoint: E,
  operation: (call: Call<E>) => Promise<z.input<E['answer']>>,
  request: Request,
  context: Context,
  origin: Origin,
): Promise<Answer & { actor: PersonActor }> {
  const actor = await whoCalls(request, origin)
  takeCall('person', actor.person.id)
  const params = readParams(endpoint, await context.params)
  const query = parseQuery(new URL(request.url), endpoint.query) as z.output<E['query']>
  const isEmptyAllowed = endpoint.body?.safeParse({}).success ?? true
  const text = endpoint.body ? await readJsonText(request, isEmptyAllowed) : ''
  const body = (endpoint.body && parseBody(text, endpoint.body)) as Call<E>['body']
  const work = async () => (await operation({ actor, params, query, body })) as object
  const key = endpoint.idempotency && idempotencyKeyOf(request.headers)
  if (!key) return { actor, status: endpoint.status, body: await work() }
  const keyed = { request, body: text, personId: actor.person.id, key }
  if (endpoint.idempotency === 'once') {
    await spendKey(keyed)
    return { actor, status: endpoint.status, body: await work() }
  }
  const kept = await answerOnce(keyed, endpoint.status, work)
  return {
    actor,
    status: kept.status,
    body: kept.body,
    headers: kept.repeated ? { 'idempotency-replayed': 'true' } : {},
  }
}

/**
 * A door of the API: finds out who calls, reads what was sent, calls the operation and answers. Whatever is thrown
 * becomes a problem document whose reference also stands in the log and, where one was written, in the audit event.
 */
export function route<E extends Endpoint>(
  endpoint: E,
  operation: (call: Call<E>) => Promise<z.input<E['answer']>>,
): Handler {
  return async (request, context) => {
    const began = performance.now()
    let reference = newReference()
    let personId: string | undefined
    let response: Response
    try {
      const origin = originOfRequest(request)
      reference = origin.reference
      const { actor, status, body, headers } = await unlessUnavailable(
        answer(endpoint, operation, request, context, origin),
      )
      personId = actor.person.id
      response = new Response(JSON.stringify(body), {
        status,
        headers: { ...apiHeaders, 'content-type': 'application/json', 'postern-reference': reference, ...headers },
      })
    } catch (error) {
      metrics().refusals.inc({ kind: error instanceof AppError ? error.code : 'internal' })
      if (!(error instanceof AppError)) log.error({ reference, err: error }, `${endpoint.operation} failed`)
      else if (error.code === 'unavailable')
        log.warn({ reference, err: error }, `${endpoint.operation} is not available`)
      if (error instanceof AppError && error.code === 'not-found') await alignResponse(began)
      response = problemOf(error, reference)
    }
    const ms = performance.now() - began
    const { calls, callSeconds } = metrics()
    calls.inc({ operation: endpoint.operation, status: response.status })
    callSeconds.observe({ operation: endpoint.operation }, ms / 1000)
    const line = { reference, operation: endpoint.operation, status: response.status, ms: Math.round(ms), personId }
    if (endpoint.method === 'GET' && response.status < 400) log.debug(line, 'read')
    else log.info(line, 'call')
    return response
  }
}
