import { AppError, type ErrorCode, type FieldError } from '#lib/core/access/errors'

// Every refusal of the API, in one table: what HTTP calls it. RFC 9457.

const statuses: Record<ErrorCode, { status: number; title: string }> = {
  malformed: { status: 400, title: 'Not readable' },
  unauthenticated: { status: 401, title: 'Not signed in' },
  'cross-origin': { status: 403, title: 'From another site' },
  forbidden: { status: 403, title: 'Not allowed' },
  'not-found': { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'The state moved on' },
  'digest-mismatch': { status: 409, title: 'Not what is asked for now' },
  'idempotency-mismatch': { status: 409, title: 'Idempotency-Key used before' },
  'too-large': { status: 413, title: 'Too large' },
  'unsupported-media-type': { status: 415, title: 'Not JSON' },
  invalid: { status: 422, title: 'Refused' },
  'guardrail-violation': { status: 422, title: 'Refused by policy' },
  'rate-limited': { status: 429, title: 'Too many calls' },
  unavailable: { status: 503, title: 'Not available right now' },
  internal: { status: 500, title: 'Something went wrong' },
}

export const statusOf = (code: ErrorCode): number => statuses[code].status

/** Codes that only HTTP knows, beside those of AppError. */
export const methodNotAllowed = { status: 405, title: 'Method not allowed', code: 'method-not-allowed' } as const

export const problemTypes = [...Object.keys(statuses), methodNotAllowed.code]

export type ProblemDocument = {
  type: string
  title: string
  status: number
  detail: string
  code: string
  errors: FieldError[]
  reference: string
}

/** Seconds after which it makes sense to try again. */
const retryAfter: Partial<Record<ErrorCode, number>> = { unavailable: 2, 'rate-limited': 1 }

/** On every answer of the API: nothing of it may rest in a cache, or be taken for anything but what it says it is. */
export const apiHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const

export function problemAnswer(document: Omit<ProblemDocument, 'type'>, headers: Record<string, string> = {}): Response {
  const body: ProblemDocument = { type: `urn:postern:problem:${document.code}`, ...document }
  return new Response(JSON.stringify(body), {
    status: document.status,
    headers: {
      ...apiHeaders,
      'content-type': 'application/problem+json',
      'postern-reference': document.reference,
      ...headers,
    },
  })
}

/** The error that a caller may see. Any error other than an AppError becomes `internal`, without its details. */
export const publicError = (error: unknown): AppError =>
  error instanceof AppError
    ? error
    : new AppError(
        'internal',
        'Something went wrong in Postern. Try again. If it keeps failing, give the reference to your administrator.',
      )

/** The problem document of an error. */
export function problemOf(error: unknown, reference: string): Response {
  const known = publicError(error)
  const { status, title } = statuses[known.code]
  const headers: Record<string, string> = {}
  const seconds = known.retryAfterSeconds ?? retryAfter[known.code]
  if (seconds !== undefined) headers['retry-after'] = String(seconds)
  // RFC 6750 §3: a call without credentials learns the scheme only; one with a refused token learns that it is refused.
  if (known.code === 'unauthenticated') {
    const isRefused = known.message.startsWith('The bearer token was refused')
    headers['www-authenticate'] = isRefused
      ? `Bearer realm="postern", error="invalid_token", error_description="${known.message.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'")}"`
      : 'Bearer realm="postern"'
  }
  return problemAnswer(
    { title, status, detail: known.message, code: known.code, errors: known.errors, reference },
    headers,
  )
}
