// What went wrong with a call of a cluster, and is it worth another try?

/**
 * `transient`: the same call may succeed later. `refused`: the cluster said no, and will say no again until somebody
 * changes something. `missing`: what the call names is not there. `exists`: something of that name is there already.
 */
export type ClusterErrorKind = 'transient' | 'refused' | 'missing' | 'exists'

/** A failed call, with one sentence that may be shown to the people of a grant. It never holds a token. */
export class ClusterError extends Error {
  readonly kind: ClusterErrorKind
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined
  /** Milliseconds that the cluster asked to be left alone (Retry-After); undefined when it did not. */
  readonly retryAfterMs: number | undefined
  constructor(
    kind: ClusterErrorKind,
    sentence: string,
    details: { status?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(sentence, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ClusterError'
    this.kind = kind
    this.status = details.status
    this.retryAfterMs = details.retryAfterMs
  }
}

/**
 * Text from a cluster, made fit to be shown and stored: one line, at most 500 characters, and nothing that looks like a
 * JSON web token, in case a proxy or a webhook echoes what it was sent.
 */
export const shownText = (text: string): string =>
  text
    .slice(0, 4_000)
    .replace(/eyJ[\w-]{8,}(\.[\w-]*){0,4}/g, '[removed]')
    .replace(/\bBearer\s+\S+/gi, 'Bearer [removed]')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu, ' ')
    .trim()
    .slice(0, 500)

/** Seconds or an HTTP date (RFC 9110 §10.2.3), in milliseconds, at most five minutes: nobody may silence us for longer. */
export function parseRetryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now.getTime()
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 300_000) : undefined
}

/** The API server's own sentence out of the body of an error: the `message` of a meta/v1 Status. */
function messageOf(body: string): string | undefined {
  try {
    const status: unknown = JSON.parse(body)
    const message = (status as { message?: unknown } | null)?.message
    return typeof message === 'string' && message ? message : undefined
  } catch {
    return undefined
  }
}

/** 401: our own credential is not accepted, which an operator can put right while the grant waits. */
const transientStatuses = new Set([401, 408, 425, 429])

/** The error for an answer that is not a success. */
export function errorOfAnswer(status: number, headers: Record<string, string | undefined>, body: string): ClusterError {
  const said = shownText(messageOf(body) ?? (body || 'no explanation'))
  const details = { status, retryAfterMs: parseRetryAfter(headers['retry-after'], new Date()) }
  if (status === 404) return new ClusterError('missing', `The cluster says: ${said}`, details)
  if (status === 409) return new ClusterError('exists', `The cluster says: ${said}`, details)
  if (status === 401) {
    return new ClusterError('transient', 'The cluster does not accept Postern’s own credential (401).', details)
  }
  if (status >= 500 || transientStatuses.has(status)) {
    return new ClusterError('transient', `The cluster is in trouble (${status}): ${said}`, details)
  }
  return new ClusterError('refused', `The cluster refused it (${status}): ${said}`, details)
}

/** The error for a call that got no answer: timed out, refused, reset, a name or a certificate that is wrong. */
export function errorOfConnection(error: unknown): ClusterError {
  if (error instanceof ClusterError) return error
  const { code, message } = error as { code?: unknown; message?: unknown }
  const why = shownText(String(code ?? message ?? error))
  return new ClusterError('transient', `The cluster cannot be reached (${why}).`, { cause: error })
}
