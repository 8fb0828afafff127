import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip, gzip } from 'node:zlib'
import { AppError } from '#lib/core/access/errors'
import { log } from '#lib/observability/log'
import { newReference } from '#lib/observability/reference'
import type { Handler } from './handle.ts'
import { securityHeaders } from './page-headers.ts'
import { problemOf } from './problem.ts'

// Answers calls of the API without Next.js, which takes more processor time for a call than all of Postern. The handlers are
// the same. (Decision record: the API beside Next.js.)

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
type Method = (typeof methods)[number]

/** The handlers of each path below /api/v1. A segment in brackets is a parameter, as in the names of the files. */
export type ApiRoutes = Readonly<Record<string, Readonly<Record<Method, Handler>>>>

type Params = Record<string, string>
type Exchange = { incoming: IncomingMessage; outgoing: ServerResponse }
export type FoundRoute = { handler: Handler; params: Params }

const prefix = '/api/v1/'

const parameterOf = (segment: string) => (segment.startsWith('[') ? segment.slice(1, -1) : undefined)

/**
 * A segment of a path as the value of a parameter. Undefined if it leads elsewhere in an address (`..`, `%2e%2e`, `\\`), which
 * Next.js resolves. lib/api/harden-server.ts has refused what cannot be decoded.
 */
function parameterIn(segment: string): string | undefined {
  const value = decodeURIComponent(segment)
  return value === '' || value === '.' || value === '..' || segment.includes('\\') ? undefined : value
}

function paramsOf(template: readonly string[], segments: readonly string[]): Params | undefined {
  if (template.length !== segments.length) return undefined
  const params: Params = {}
  for (const [index, segment] of template.entries()) {
    const sent = segments[index] ?? ''
    const name = parameterOf(segment)
    const value = name === undefined ? undefined : parameterIn(sent)
    if (name !== undefined && value !== undefined) params[name] = value
    else if (segment !== sent || name !== undefined) return undefined
  }
  return params
}

/** How many segments of a path are parameters. `/requests/preview` counts before `/requests/[id]`. */
const parametersIn = (template: readonly string[]) => template.filter((segment) => parameterOf(segment)).length

/** Finds the handler of a call. What is not found here is left to Next.js: it also answers any other spelling of a path. */
export function routeFinder(routes: ApiRoutes): (method: string, path: string) => FoundRoute | undefined {
  const templates = Object.entries(routes)
    .map(([path, handlers]) => ({ template: path.slice(1).split('/'), handlers }))
    .sort((a, b) => parametersIn(a.template) - parametersIn(b.template))
  return (method, path) => {
    const known = methods.find((one) => one === method)
    if (!known || !path.startsWith(prefix)) return undefined
    const segments = path.slice(prefix.length).split('/')
    for (const { template, handlers } of templates) {
      const params = paramsOf(template, segments)
      if (params) return { handler: handlers[known], params }
    }
    return undefined
  }
}

/** The call as the handlers read it. Its body has been received already. */
function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers))
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one)
  const { method = '', url = '/' } = incoming
  // NB: an empty stream must not be read: lib/api/receive-body.ts.
  const body = incoming.readableLength > 0 ? (incoming.read() as Buffer<ArrayBuffer> | null) : null
  const isRead = method === 'GET' || method === 'HEAD'
  // No handler reads the host: links are built from `publicUrl`.
  return new Request(`http://localhost${url}`, { method, headers, signal, body: isRead ? null : body })
}

async function answerOf({ handler, params }: FoundRoute, incoming: IncomingMessage, signal: AbortSignal) {
  try {
    return await handler(toRequest(incoming, signal), { params: Promise.resolve(params) })
  } catch (error) {
    const reference = newReference()
    log.error({ err: error, reference, method: incoming.method }, 'a call of the API failed')
    return problemOf(new AppError('internal', 'Something went wrong in Postern. Try again.'), reference)
  }
}

/** Bytes. Compressing less costs more than it saves. Next.js begins at the same size. */
const worthCompressing = 1024
const compress = promisify(gzip)

/** Whether the caller accepts gzip (RFC 9110 §12.5.3). A weight that is 0, or that is no number, does not. */
const acceptsGzip = ({ headers }: IncomingMessage) =>
  String(headers['accept-encoding'] ?? '')
    .split(',')
    .some((coding) => {
      const [name = '', weight = 'q=1'] = coding.split(';').map((part) => part.trim().toLowerCase())
      return name === 'gzip' && weight.startsWith('q=') && Number(weight.slice(2)) > 0
    })

async function send(answer: Response, { incoming, outgoing }: Exchange, isHttps: boolean) {
  const headers = { ...securityHeaders(isHttps), ...Object.fromEntries(answer.headers) }
  const isZip = answer.headers.get('content-type') === 'application/zip'
  const encoding = !isZip && acceptsGzip(incoming) ? { 'content-encoding': 'gzip', vary: 'accept-encoding' } : undefined
  if (answer.body && answer.headers.has('content-disposition')) {
    outgoing.writeHead(answer.status, { ...headers, ...encoding })
    const file = Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0])
    // A file that breaks off breaks the connection, so that the reader does not take it for a complete one.
    await (encoding ? pipeline(file, createGzip(), outgoing) : pipeline(file, outgoing))
    return
  }
  const whole = answer.body ? Buffer.from(await answer.arrayBuffer()) : undefined
  const isCompressed = whole && encoding && whole.length >= worthCompressing
  const body = isCompressed ? await compress(whole) : whole
  const length = body && { 'content-length': body.length }
  outgoing.writeHead(answer.status, { ...headers, ...(isCompressed && encoding), ...length }).end(body)
}

/**
 * Answers calls of these routes. The result says whether this call is one of them.
 * @param isHttps whether callers reach Postern over https
 */
export function serveApi(routes: ApiRoutes, isHttps: () => boolean) {
  const find = routeFinder(routes)
  return (incoming: IncomingMessage, outgoing: ServerResponse, path: string): boolean => {
    const found = find(incoming.method ?? '', path)
    if (!found) return false
    const gone = new AbortController()
    outgoing.on('close', () => outgoing.writableFinished || gone.abort())
    answerOf(found, incoming, gone.signal)
      .then((answer) => send(answer, { incoming, outgoing }, isHttps()))
      .catch((error: unknown) => {
        // A file that breaks off has been logged where it broke, and a caller who left is no error.
        if (!outgoing.headersSent) log.error({ err: error }, 'a response of the API could not be sent')
        outgoing.destroy()
      })
    return true
  }
}
