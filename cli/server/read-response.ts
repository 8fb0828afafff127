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
 * Calls a URL and reads the whole response within a limit of size and time, without following redirects.
 * @throws CommandFailure if there is no response, or one that is too long
 */
export async function fetchText(url: URL, init: RequestInit, timeoutMs: number, interrupt?: AbortSignal) {
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = interrupt ? AbortSignal.any([timeout, interrupt]) : timeout
  try {
    const response = await fetch(url, { ...init, redirect: 'error', signal })
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      if (size > maxBytes) throw unreachable(`${url.origin} sent more than ${maxBytes / 1024 / 1024} MB.`)
      chunks.push(chunk)
    }
    return { status: response.status, headers: response.headers, text: Buffer.concat(chunks).toString('utf8') }
  } catch (error) {
    if (error instanceof CommandFailure || interrupt?.aborted) throw error
    throw unreachable(`Can't reach ${url.origin}: ${causeOf(error)}.`)
  }
}
