import http from 'node:http'
import https from 'node:https'
import {
  BlockedAddress,
  type Exceptions,
  lookupAllowed,
  refuseBlockedAddress,
  type Scope,
} from '#lib/adapters/outbound'
import { DeliveryFailed } from './channel.ts'

/** Milliseconds, for the whole call. */
const timeoutMs = 10_000
/** What a receiver answers is read for its error code only. */
const maxResponseBytes = 64 * 1024

export type Answer = { status: number; retryAfterSeconds: number | undefined; body: string }

/** Seconds of a Retry-After header (RFC 9110 §10.2.3), as a number or a date. */
export function retryAfterOf(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined
}

/**
 * Posts to an address of the configuration, or to a public one that a person has sent. Link-local and metadata addresses are
 * refused, and redirects are not followed, because they could lead to one.
 * @throws DeliveryFailed when there is no answer
 */
export function post(
  url: string,
  headers: Record<string, string>,
  body: string | Buffer,
  exceptions: Exceptions,
  { method = 'POST', scope = 'any' }: { method?: 'POST' | 'PUT'; scope?: Scope } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const { host } = new URL(url)
  const fail = (error: NodeJS.ErrnoException) => {
    if (error instanceof DeliveryFailed) return reject(error)
    const why =
      error instanceof BlockedAddress
        ? error.message
        : error.name === 'AbortError' || error.name === 'TimeoutError'
          ? `${host} did not respond within ${timeoutMs / 1000} seconds`
          : `${host} can't be reached (${error.code ?? 'connection failed'})`
    reject(new DeliveryFailed(why, { isOfChannel: true }))
  }
  try {
    refuseBlockedAddress(url, exceptions, scope)
  } catch (error) {
    fail(error as Error)
    return promise
  }
  const call = (url.startsWith('https:') ? https : http).request(
    url,
    {
      method,
      headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'postern' },
      lookup: lookupAllowed(exceptions, scope),
      signal: AbortSignal.timeout(timeoutMs),
    },
    (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxResponseBytes)
          response.destroy(new DeliveryFailed(`${host} sent a response that is too large`, { isOfChannel: true }))
        else chunks.push(chunk)
      })
      response.on('error', fail)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfterSeconds: retryAfterOf(response.headers['retry-after'], Date.now()),
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    },
  )
  call.on('error', fail)
  call.end(body)
  return promise
}

/** Throws for an unsuccessful answer: 408, 429 and 5xx may pass, anything else is the notice's or the configuration's fault. */
export function requireSuccess(host: string, { status, retryAfterSeconds }: Answer): void {
  if (status >= 200 && status < 300) return
  if (status === 429 || status === 503)
    throw new DeliveryFailed(`${host} responded ${status}`, { isOfChannel: true, retryAfterSeconds })
  if (status >= 500 || status === 408) throw new DeliveryFailed(`${host} responded ${status}`, { isOfChannel: true })
  // A wrong address or a revoked secret concerns every notice, and can be corrected; a refused body can't.
  const isOfChannel = status !== 400 && status !== 413 && status !== 422
  throw new DeliveryFailed(`${host} responded ${status}`, { isOfChannel, isPermanent: !isOfChannel })
}
