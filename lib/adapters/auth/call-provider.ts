import http from 'node:http'
import https from 'node:https'
import { lookupAllowed, refuseBlockedAddress } from '#lib/adapters/outbound'
import { addressExceptions } from './configuration.ts'

/** Milliseconds, for the whole call. */
const timeoutMs = 5_000
/** Metadata and key sets are a few kilobytes. */
const maxResponseBytes = 1024 * 1024

type Call = { method?: 'GET' | 'POST'; headers?: Headers; body?: string }

/**
 * Calls the identity provider. Unlike `fetch` it refuses link-local and metadata addresses, does not follow redirects,
 * which could lead to one, and limits the size of the response.
 * @returns the response with its headers `date` and `location` only
 * @throws Error when there is no response in time
 */
export function callProvider(url: string, { method = 'GET', headers, body }: Call = {}): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  const exceptions = addressExceptions()
  try {
    refuseBlockedAddress(url, exceptions)
  } catch (error) {
    reject(error)
    return promise
  }
  const signal = AbortSignal.timeout(timeoutMs)
  const options = { method, headers: Object.fromEntries(headers ?? []), lookup: lookupAllowed(exceptions), signal }
  const call = (url.startsWith('https:') ? https : http).request(url, options, (response) => {
    const chunks: Buffer[] = []
    let size = 0
    response.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxResponseBytes) response.destroy(new Error('the response is too large'))
      else chunks.push(chunk)
    })
    response.on('error', reject)
    response.on('end', () => {
      const status = response.statusCode ?? 0
      // The class Response accepts only final status codes.
      if (status < 200 || status > 599) reject(new Error(`responded ${status}`))
      else {
        const { date, location } = response.headers
        const headers = { ...(date && { date }), ...(location && { location }) }
        resolve(new Response(status === 204 || status === 304 ? null : Buffer.concat(chunks), { status, headers }))
      }
    })
  })
  call.on('error', reject)
  call.end(body)
  return promise
}
