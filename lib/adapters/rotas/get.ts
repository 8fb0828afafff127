import http from 'node:http'
import https from 'node:https'
import { BlockedAddress, type Exceptions, lookupAllowed, refuseBlockedAddress } from '#lib/adapters/outbound'

/** Milliseconds, for the whole call. */
const timeoutMs = 10_000
/** A rota of a few days is some kilobytes. */
const maxBytes = 2 * 1024 * 1024

/** Why a rota can't be read. The message contains no secret, and nothing that the other side sent. */
export class RotaUnavailable extends Error {
  readonly retryAfterSeconds: number | undefined
  constructor(message: string, retryAfterSeconds?: number) {
    super(message)
    this.name = 'RotaUnavailable'
    this.retryAfterSeconds = retryAfterSeconds
  }
}

function retryAfterOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined
}

const whyRefused: Record<number, string> = {
  401: 'refused the token',
  403: 'refused the token',
  404: 'knows no such schedule',
  429: 'received too many calls',
}

/**
 * Reads a text from an address of the configuration. Link-local and metadata addresses are refused, and redirects are not
 * followed, because they could lead to one, or take the token elsewhere.
 * @throws RotaUnavailable
 */
export function get(url: string, headers: Record<string, string>, exceptions: Exceptions): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  // NB: the host only. A calendar's path may be its secret.
  const { host } = new URL(url)
  const fail = (error: NodeJS.ErrnoException) => {
    if (error instanceof RotaUnavailable) return reject(error)
    const isLate = error.name === 'AbortError' || error.name === 'TimeoutError'
    const why =
      error instanceof BlockedAddress
        ? error.message
        : isLate
          ? `${host} did not respond within ${timeoutMs / 1000} seconds`
          : `${host} can't be reached (${error.code ?? 'connection failed'})`
    reject(new RotaUnavailable(why))
  }
  try {
    refuseBlockedAddress(url, exceptions)
  } catch (error) {
    fail(error as Error)
    return promise
  }
  const options = {
    headers: { ...headers, 'user-agent': 'postern' },
    lookup: lookupAllowed(exceptions),
    signal: AbortSignal.timeout(timeoutMs),
  }
  const call = (url.startsWith('https:') ? https : http).get(url, options, (response) => {
    const status = response.statusCode ?? 0
    if (status !== 200) {
      response.destroy()
      const why = whyRefused[status] ?? `responded ${status}`
      reject(new RotaUnavailable(`${host} ${why}`, retryAfterOf(response.headers['retry-after'])))
      return
    }
    const chunks: Buffer[] = []
    let size = 0
    response.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) response.destroy(new RotaUnavailable(`${host} sent a response that is too large`))
      else chunks.push(chunk)
    })
    response.on('error', fail)
    response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
  call.on('error', fail)
  return promise
}

/** @throws RotaUnavailable for a text that is not JSON */
export async function getJson(url: string, headers: Record<string, string>, exceptions: Exceptions): Promise<unknown> {
  const text = await get(url, { accept: 'application/json', ...headers }, exceptions)
  try {
    return JSON.parse(text)
  } catch {
    throw new RotaUnavailable(`${new URL(url).host} sent a response that is not JSON`)
  }
}
