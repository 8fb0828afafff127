import type { z } from 'zod'
import { actorOfRequest, originOfRequest } from '#lib/adapters/auth/actor-of-request'
import { networkOf, takeCall } from '#lib/adapters/auth/rate-limit'
import type { Origin, PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { newReference } from '#lib/observability/reference'
import type { Endpoint } from './endpoints.ts'
import { answerOnce, idempotencyKeyOf, spendKey } from './idempotency-key.ts'
import { type Call, type CallRecord, checkParams, type Operation, perform } from './perform.ts'
import { apiHeaders, problemOf } from './problem.ts'
import { parseBody, parseQuery, readJsonText } from './read-input.ts'

export type Context = { params: Promise<Record<string, string | string[] | undefined>> }
export type Handler = (request: Request, context: Context) => Promise<Response>

/**
 * Identifies the caller. The limit for a network applies only to callers who are not recognised, so that an attacker
 * can't lock out other people behind the same address.
 */
async function identifyCaller(request: Request, origin: Origin): Promise<PersonActor> {
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
  operation: Operation<E>,
  request: Request,
  context: Context,
  record: CallRecord,
  admit: (actor: PersonActor) => Promise<void>,
): Promise<Answer> {
  const origin = originOfRequest(request)
  record.reference = origin.reference
  const actor = await identifyCaller(request, origin)
  await admit(actor)
  const params = checkParams(endpoint, await context.params)
  const query = parseQuery(new URL(request.url), endpoint.query) as z.output<E['query']>
  const isEmptyAllowed = endpoint.body?.safeParse({}).success ?? true
  const text = endpoint.body ? await readJsonText(request, isEmptyAllowed) : ''
  const body = (endpoint.body && parseBody(text, endpoint.body)) as Call<E>['body']
  const work = async () => (await operation({ actor, params, query, body })) as object
  const key = endpoint.idempotency && idempotencyKeyOf(request.headers)
  if (!key) return { status: endpoint.status, body: await work() }
  const keyed = { request, body: text, personId: actor.person.id, key }
  if (endpoint.idempotency === 'once') {
    await spendKey(keyed)
    return { status: endpoint.status, body: await work() }
  }
  const { status, body: kept, repeated } = await answerOnce(keyed, endpoint.status, work)
  return { status, body: kept, headers: repeated ? { 'idempotency-replayed': 'true' } : {} }
}

/**
 * A route of the API: identifies the caller, reads the input, performs the operation and responds. An error becomes a
 * problem document; its reference is also in the log and, if one was written, in the audit event.
 */
export function route<E extends Endpoint>(endpoint: E, operation: Operation<E>): Handler {
  return async (request, context) => {
    const record: CallRecord = { reference: newReference() }
    const performed = await perform(endpoint, record, async (admit) => {
      const { status, body, headers } = await answer(endpoint, operation, request, context, record, admit)
      const { reference } = record
      return new Response(JSON.stringify(body), {
        status,
        headers: { ...apiHeaders, 'content-type': 'application/json', 'postern-reference': reference, ...headers },
      })
    })
    return performed.error ? problemOf(performed.error, record.reference) : performed.value
  }
}
