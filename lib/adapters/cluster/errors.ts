// Why did a call to a cluster fail, and is a retry worthwhile?

/**
 * `transient`: the same call may succeed later. `refused`: the cluster refused the call, and will until someone changes
 * something. `missing`: the object does not exist. `exists`: an object with that name already exists. `held`: the object
 * was deleted, but finalizers keep it.
 */
export type ClusterErrorKind = 'transient' | 'refused' | 'missing' | 'exists' | 'held'

/** A failed call, with a sentence that may be shown to a grant's requester and approvers. It never contains a token. */
export class ClusterError extends Error {
  readonly kind: ClusterErrorKind
  /** HTTP status; undefined without a response. */
  readonly status: number | undefined
  /** How long to wait before a retry, from Retry-After, in milliseconds; undefined without that header. */
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
 * Text from a cluster, sanitised for display and storage: one line, at most 500 characters, and without anything that
 * looks like a JSON Web Token, in case a proxy or a webhook echoes a request.
 */
export const shownText = (text: string): string =>
  text
    .slice(0, 4_000)
    .replace(/eyJ[\w-]{8,}(\.[\w-]*){0,4}/g, '[removed]')
    .replace(/\bBearer\s+\S+/gi, 'Bearer [removed]')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu, ' ')
    .trim()
    .slice(0, 500)

/**
 * Seconds or an HTTP date (RFC 9110 §10.2.3), in milliseconds, limited to five minutes so that no cluster can stall us.
 */
export function parseRetryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now.getTime()
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 300_000) : undefined
}

/** The API server's own explanation in an error response: the `message` of a meta/v1 Status. */
function messageOf(body: string): string | undefined {
  try {
    const status: unknown = JSON.parse(body)
    const message = (status as { message?: unknown } | null)?.message
    return typeof message === 'string' && message ? message : undefined
  } catch {
    return undefined
  }
}

/** 401 is included: an operator can renew Postern's own credential while the grant waits. */
const transientStatuses = new Set([401, 408, 425, 429])

/** The error for a response that is not a success. */
export function errorOfResponse(
  status: number,
  headers: Record<string, string | undefined>,
  body: string,
): ClusterError {
  const message = shownText(messageOf(body) ?? (body || 'no explanation'))
  const details = { status, retryAfterMs: parseRetryAfter(headers['retry-after'], new Date()) }
  if (status === 404) return new ClusterError('missing', `The cluster responded: ${message}`, details)
  if (status === 409) return new ClusterError('exists', `The cluster responded: ${message}`, details)
  if (status === 401) {
    return new ClusterError('transient', 'The cluster does not accept Postern’s own credential (401).', details)
  }
  if (status >= 500 || transientStatuses.has(status)) {
    return new ClusterError('transient', `The cluster failed (${status}): ${message}`, details)
  }
  return new ClusterError('refused', `The cluster refused the call (${status}): ${message}`, details)
}

/**
 * The error for a call without a response: a timeout, a refused or reset connection, an invalid name or certificate.
 */
export function errorOfConnection(error: unknown): ClusterError {
  if (error instanceof ClusterError) return error
  const { code, message } = error as { code?: unknown; message?: unknown }
  const why = shownText(String(code ?? message ?? error))
  return new ClusterError('transient', `The cluster cannot be reached (${why}).`, { cause: error })
}
