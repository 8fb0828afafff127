import type { z } from 'zod'
import { originOfRequest } from '#lib/adapters/auth/actor-of-request'
import { publicOrigin } from '#lib/adapters/auth/configuration'
import { type ApiCall, problem, problemLines } from '#lib/api-client/api-call'
import { AppError } from '#lib/core/access/errors'
import { newReference } from '#lib/observability/reference'
import { type Handler, identifyCaller } from './handle.ts'
import { type CallRecord, perform } from './perform.ts'
import { apiHeaders, problemOf } from './problem.ts'
import { readJsonText } from './read-input.ts'
import { agentMetadataUrl } from './resource-metadata.ts'
import { type ApiRoutes, routeFinder } from './serve-api.ts'

// The tools of AI agents by the Model Context Protocol over HTTP (streamable HTTP, revision 2026-07-28 and those before).
// Each call has its own bearer token, which the tools use for the API and for nothing else. (Decision record: agents over HTTP.)

/** A page of another site could reach a server of an internal network by a name that its owner chooses (DNS rebinding). */
function checkOrigin({ headers }: Request) {
  const origin = headers.get('origin')
  if (origin !== null && origin !== publicOrigin())
    throw new AppError('cross-origin', 'Pages of other sites may not call Postern. Call it without an Origin header.')
}

/** One message. A batch, which the protocol had until 2025-03-26, would be many calls for the price of one. */
function messageIn(text: string): object {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    throw new AppError('malformed', 'The body is not valid JSON. Correct it and try again.')
  }
  if (typeof message === 'object' && message !== null && !Array.isArray(message)) return message
  throw new AppError('malformed', 'The body is not a message of JSON-RPC. Send one message as a JSON object.')
}

/** Says to a caller without a valid token where programs get one (RFC 9728 §5.1). */
function withMetadata(response: Response): Response {
  const challenge = response.headers.get('www-authenticate')
  if (challenge) response.headers.set('www-authenticate', `${challenge}, resource_metadata="${agentMetadataUrl()}"`)
  return response
}

/** What belongs to the body of the agent's message, and what identifies it in another way than by its token. */
const ownHeaders = ['content-type', 'content-length', 'transfer-encoding', 'cookie', 'idempotency-key', 'origin']

/** Calls the API in this process as the caller of `request`: through the same handlers, with the same token. */
function apiFor(request: Request, routes: ApiRoutes) {
  const find = routeFinder(routes)
  return async <S extends z.ZodType>({ path, response, body, interrupt }: ApiCall<S>): Promise<z.output<S>> => {
    const method = body ? 'POST' : 'GET'
    const url = new URL(`/api/v1${path}`, 'http://localhost')
    const found = find(method, url.pathname)
    if (!found) throw new Error(`${method} ${url.pathname} is not a route of the API`)
    const headers = new Headers(request.headers)
    for (const name of ownHeaders) headers.delete(name)
    if (body) headers.set('content-type', 'application/json')
    const signal = interrupt ? AbortSignal.any([interrupt, request.signal]) : request.signal
    const call = new Request(url, { method, headers, signal, body: body ? JSON.stringify(body) : null })
    const answer = await found.handler(call, { params: Promise.resolve(found.params) })
    const json: unknown = await answer.json()
    if (!answer.ok) throw new Error(problemLines(problem.parse(json)).join('\n'))
    return response.parse(json)
  }
}

/**
 * The route of agents. It identifies the caller like every route of the API, by a bearer token only.
 * @param loadRoutes the routes of the API, which the tools call
 */
export function agentRoute(loadRoutes: () => Promise<ApiRoutes>): Handler {
  return async (request) => {
    const record: CallRecord = { reference: newReference() }
    const endpoint = { operation: 'callAgentTools', method: 'POST', status: 200, idempotency: undefined } as const
    const received = await perform(endpoint, record, async (admit) => {
      const origin = originOfRequest(request)
      record.reference = origin.reference
      checkOrigin(request)
      if (!request.headers.has('authorization'))
        throw new AppError('unauthenticated', 'There is no bearer token. Send one in the Authorization header.')
      // Without a turn: the calls of the API that a tool makes wait for theirs.
      await admit(await identifyCaller(request, origin), true)
      return messageIn(await readJsonText(request, false))
    })
    if (received.error) return withMetadata(problemOf(received.error, record.reference))
    // Loaded with the first call: most installations have none.
    const [{ answerAgent }, routes] = await Promise.all([import('#lib/api-client/answer-agent'), loadRoutes()])
    const answer = await answerAgent(request, received.value, { call: apiFor(request, routes), server: publicOrigin() })
    const headers = new Headers(answer.headers)
    for (const [name, value] of Object.entries(apiHeaders)) headers.set(name, value)
    // A proxy that compresses would hold back the signs of life of a call that waits.
    headers.set('cache-control', 'no-store, no-transform')
    headers.set('postern-reference', record.reference)
    return new Response(answer.body, { status: answer.status, headers })
  }
}
