import { CommandFailure, exitCodes } from '../exit-codes.ts'

/** The longest response that is read: lists have at most 100 items. */
const maxBytes = 16 * 1024 * 1024

const unreachable = (message: string) => new CommandFailure(exitCodes.unreachable, message)

/** The reason that Node.js gives for a failed call, such as a refused connection or a wrong certificate. */
function causeOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'it did not respond in time'
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message
  return cause instanceof Error ? cause.message : 'the connection failed'
}

/**
 * Calls a URL, without following redirects.
 * @throws CommandFailure if there is no response
 */
export async function open(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'error' })
  } catch (error) {
    throw unreachable(`Can't reach ${url.origin}: ${causeOf(error)}.`)
  }
}

/**
 * The whole response, within a limit of size.
 * @throws CommandFailure if it is too long, or broke off
 */
export async function bytesOf(response: Response, origin: string, most = maxBytes): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      if (size > most) throw unreachable(`${origin} sent more than ${most / 1024 / 1024} MB.`)
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof CommandFailure ? error : unreachable(`Can't reach ${origin}: ${causeOf(error)}.`)
  }
  return Buffer.concat(chunks)
}

/**
 * Calls a URL and reads the whole response within a limit of size and time, without following redirects.
 * @throws CommandFailure if there is no response, or one that is too long
 */
export async function fetchBytes(url: URL, init: RequestInit, timeoutMs: number, interrupt?: AbortSignal) {
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = interrupt ? AbortSignal.any([timeout, interrupt]) : timeout
  try {
    const response = await open(url, { ...init, signal })
    return { status: response.status, headers: response.headers, bytes: await bytesOf(response, url.origin) }
  } catch (error) {
    interrupt?.throwIfAborted()
    throw error
  }
}

/** The same as text. */
export async function fetchText(...call: Parameters<typeof fetchBytes>) {
  const { bytes, ...rest } = await fetchBytes(...call)
  return { ...rest, text: bytes.toString('utf8') }
}

/** Null for a text that is not JSON, which no schema accepts. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
