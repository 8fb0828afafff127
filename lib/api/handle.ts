import type { z } from 'zod'
import { actorOfRequest, originOfRequest } from '#lib/adapters/auth/actor-of-request'
import { networkOf, takeCall } from '#lib/adapters/auth/rate-limit'
import { requestChanges } from '#lib/adapters/db/changes'
import type { Origin, PersonActor } from '#lib/core/access/actor'
import { secondsOf } from '#lib/core/access/duration'
import { AppError } from '#lib/core/access/errors'
import { newReference } from '#lib/observability/reference'
import { beginDownload, type Download, downloadResponse } from './download.ts'
import type { Endpoint, waitQuery } from './endpoints.ts'
import { holdOpen } from './held-connections.ts'
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
export async function identifyCaller(request: Request, origin: Origin): Promise<PersonActor> {
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

type Reply = { response: Response; personId?: string; isRefused: boolean }

/** Identifies the caller, reads the input, performs the operation and responds. */
async function replyTo<E extends Endpoint>(
  endpoint: E,
  operation: Operation<E>,
  request: Request,
  context: Context,
): Promise<Reply> {
  const record: CallRecord = { reference: newReference() }
  const performed = await perform(endpoint, record, async (admit) => {
    const { status, body, headers } = await answer(endpoint, operation, request, context, record, admit)
    const { reference } = record
    return new Response(JSON.stringify(body), {
      status,
      headers: { ...apiHeaders, 'content-type': 'application/json', 'postern-reference': reference, ...headers },
    })
  })
  const isRefused = performed.error !== null
  const response = performed.error ? problemOf(performed.error, record.reference) : performed.value
  return { response, isRefused, personId: record.personId }
}

/**
 * A route of the API: identifies the caller, reads the input, performs the operation and responds. An error becomes a
 * problem document; its reference is also in the log and, if one was written, in the audit event.
 */
export function route<E extends Endpoint>(endpoint: E, operation: Operation<E>): Handler {
  return async (request, context) => (await replyTo(endpoint, operation, request, context)).response
}

/**
 * A route that answers with a file. Everything that refuses the call is known before the first byte; if a later page can't be
 * read, the connection breaks.
 */
export function downloadRoute<E extends Endpoint>(
  endpoint: E,
  operation: (call: Call<E>) => Promise<Download>,
): Handler {
  return async (request, context) => {
    const record: CallRecord = { reference: newReference() }
    const performed = await perform(endpoint, record, async (admit) => {
      const asAnswer = operation as unknown as Operation<E>
      const { body } = await answer(endpoint, asAnswer, request, context, record, admit)
      const begun = await beginDownload(body as Download, record.personId ?? '')
      if (!begun)
        throw new AppError('rate-limited', 'You have too many downloads open. Try again once one is complete.')
      return begun
    })
    if (performed.error) return problemOf(performed.error, record.reference)
    const response = downloadResponse(performed.value, record.reference)
    if (request.method === 'HEAD') await response.body?.cancel()
    return response
  }
}

/** What a waiting call reads: the body of its response, whether it goes on waiting, and for changes of which request. */
export type WaitingState<E extends Endpoint> = { body: z.input<E['answer']>; isUnderWay: boolean; requestId: string }

/**
 * A route whose query has `wait`. The response has the state as of the end of the wait, which is over as soon as nothing
 * is under way. Each time the state is read, the caller is identified and authorized again. A wait holds no turn of its
 * caller and no connection to the database.
 * @param operation what a POST performs before it waits
 */
export function waitingRoute<E extends Endpoint & { query: typeof waitQuery }>(
  endpoint: E,
  read: (call: Call<E>) => Promise<WaitingState<E>>,
  operation?: Operation<E>,
): Handler {
  const reading = { ...endpoint, method: 'GET', status: 200, body: undefined, idempotency: undefined } as unknown as E
  return async (request, context) => {
    let state: WaitingState<E> | undefined
    const readAgain = () => {
      state = undefined
      const readState = async (call: Call<E>) => {
        state = await read(call)
        return state.body
      }
      return replyTo(reading, readState, request, context)
    }
    const first = () => (operation ? replyTo(endpoint, operation, request, context) : readAgain())
    const wait = new URL(request.url).searchParams.get('wait')
    if (wait === null) return (await first()).response
    const changes = requestChanges()
    request.signal.addEventListener('abort', changes.close)
    let letGo: (() => void) | null = null
    try {
      let reply = await first()
      if (reply.isRefused) return reply.response
      const until = performance.now() + secondsOf(wait) * 1000
      letGo = holdOpen('wait', reply.personId ?? '', changes.close)
      if (!letGo) return reply.response
      for (;;) {
        if (state && !state.isUnderWay) return reply.response
        if (state && !(await changes.next(state.requestId, until - performance.now()))) return reply.response
        const again = await readAgain()
        // What a POST has done stays done.
        if (again.isRefused) return operation ? reply.response : again.response
        reply = again
      }
    } finally {
      changes.close()
      letGo?.()
    }
  }
}
