import { subscribe } from 'node:diagnostics_channel'
import { type IncomingMessage, Server, type ServerResponse } from 'node:http'
import { isAuditSender } from '#lib/adapters/auth/api-server-caller'
import { isDevelopment } from '#lib/env'
import { metrics } from '#lib/observability/metrics'
import { newReference } from '#lib/observability/reference'
import { barePage, barePagePolicy } from './bare-page.ts'
import { newNonce, securityHeaders } from './page-headers.ts'
import { apiHeaders, methodNotAllowed, problemText, statuses } from './problem.ts'
import { maxAuditBytes } from './read-input.ts'
import { receiveBody } from './receive-body.ts'
import { areRouterHeaders } from './router-headers.ts'

/** Milliseconds. A browser sends its headers in one piece, and a body has at most a quarter of a megabyte. */
const limits = { headers: 10_000, request: 30_000 }

/** Bytes: a little more than the API and the pages accept, which then say what is too large. */
const longestBody = 320 * 1024

/** The most that this caller may send. Only an API server with its token may send a batch of audit events. */
async function longestBodyOf({ method, headers }: IncomingMessage, path: string): Promise<number> {
  const [, cluster] = /^\/api\/v1\/clusters\/([a-z0-9-]{1,63})\/audit$/.exec(path) ?? []
  if (method !== 'POST' || cluster === undefined) return longestBody
  return (await isAuditSender(cluster, headers.authorization ?? null)) ? maxAuditBytes : longestBody
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

type Refusal = { status: number; title: string; code: string; detail: string; headers?: Record<string, string> }

/** Removes the host from a request target in absolute form: `GET http://evil.example/` (RFC 9112 §3.2.2). */
function targetOf(url: string): string {
  if (url.startsWith('/')) return url
  const target = URL.parse(url)
  return target ? `${target.pathname}${target.search}` : '/'
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

/** Why a request is answered here. Next.js would throw for it, and answer 500 with a stack trace in the log. */
function refusalOf({ method = '', headers }: IncomingMessage, path: string): Refusal | undefined {
  if (!methods.includes(method)) {
    const allow = methods.join(', ')
    return { ...methodNotAllowed, detail: `Postern does not support ${method}. Use ${allow}.`, headers: { allow } }
  }
  const plain = decoded(path)
  if (plain === undefined) {
    const detail = 'The path has a percent sign that does not begin an encoded character. Correct the path.'
    return { ...statuses.malformed, code: 'malformed', detail }
  }
  if (!areRouterHeaders(headers)) {
    const detail = 'A Next-Router header is not one that a page of Postern sends. Reload the page and try again.'
    return { ...statuses.malformed, code: 'malformed', detail }
  }
  // Next.js also serves its error page under an address of its own, always with status 500.
  if (plain.startsWith('/_global-error'))
    return { ...statuses['not-found'], code: 'not-found', detail: 'There is nothing at this address.' }
  return undefined
}

const bodyRefusals: Record<Awaited<ReturnType<typeof receiveBody>>, Refusal | undefined> = {
  complete: undefined,
  'too-large': {
    ...statuses['too-large'],
    code: 'too-large',
    detail: 'The body is too large. The limit is 256 KiB, and for audit events 10 MiB. Send a smaller one.',
    // The rest of the body is not read.
    headers: { connection: 'close' },
  },
}

/** A problem document, or a bare page for a browser. */
function refuse(request: IncomingMessage, response: ServerResponse, path: string, refusal: Refusal) {
  const { headers, ...problem } = refusal
  metrics().refusals.inc({ kind: refusal.code })
  const reference = newReference()
  const nonce = newNonce()
  const isForBrowser = !path.startsWith('/api/') && request.headers.accept?.includes('text/html')
  const common = { ...securityHeaders(false), ...apiHeaders, 'postern-reference': reference, ...headers }
  const [own, body] = isForBrowser
    ? [
        { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': barePagePolicy(nonce) },
        barePage({ title: refusal.title, sentences: [refusal.detail], nonce, link: 'home' }),
      ]
    : [{ 'content-type': 'application/problem+json' }, problemText({ ...problem, errors: [], reference })]
  response.writeHead(refusal.status, { ...common, ...own }).end(request.method === 'HEAD' ? undefined : body)
}

type Answer = (request: IncomingMessage, response: ServerResponse, path: string) => boolean

const answers: Answer[] = []

/** From now on `answer` gets each call before Next.js, which gets those for which it returns false. */
export function answerBeforeNext(answer: Answer): void {
  answers.push(answer)
}

function harden(server: Server) {
  server.headersTimeout = limits.headers
  server.requestTimeout = limits.request
  // Postern has no WebSockets. Next.js keeps a connection open that asks for one, past every limit above; without a
  // listener, Node.js ignores the wish. In development the browser learns of changed code that way.
  if (!isDevelopment()) server.removeAllListeners('upgrade')
  const handlers = server.listeners('request')
  server.removeAllListeners('request')
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    request.url = targetOf(request.url ?? '/')
    const [path = '/'] = request.url.split('?')
    const refusal =
      refusalOf(request, path) ?? bodyRefusals[await receiveBody(request, await longestBodyOf(request, path))]
    if (refusal) refuse(request, response, path, refusal)
    else if (!answers.some((answer) => answer(request, response, path)))
      for (const handle of handlers) handle.call(server, request, response)
  })
}

/**
 * Hardens Next's HTTP server. Called once, before the first connection, through which the server is reached.
 *
 * It disconnects clients that send slowly to hold a connection. Node's own limits are minutes, and Next.js sets none.
 * Node checks every half minute, so a client is disconnected up to that much later.
 *
 * It removes the host from request targets in absolute form, because Next.js would redirect the browser to that host,
 * and it answers requests that Next.js cannot handle. Next.js sees a request when its body is complete.
 */
export function hardenServer(): void {
  const known = new WeakSet<Server>()
  subscribe('net.server.socket', (message) => {
    const { server } = (message as { socket: { server?: unknown } }).socket
    if (!(server instanceof Server) || known.has(server)) return
    known.add(server)
    harden(server)
  })
}
