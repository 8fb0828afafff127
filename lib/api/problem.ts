import { z } from 'zod'
import { AppError, type ErrorCode } from '#lib/core/access/errors'

// The HTTP status and title of each error code, and problem documents (RFC 9457).

export const statuses: Record<ErrorCode, { status: number; title: string }> = {
  malformed: { status: 400, title: 'Malformed request' },
  unauthenticated: { status: 401, title: 'Not signed in' },
  'cross-origin': { status: 403, title: 'Cross-site request refused' },
  forbidden: { status: 403, title: 'Not allowed' },
  'not-found': { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'State has changed' },
  'digest-mismatch': { status: 409, title: 'Terms have changed' },
  'idempotency-mismatch': { status: 409, title: 'Idempotency-Key already used' },
  'too-large': { status: 413, title: 'Body too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  invalid: { status: 422, title: 'Invalid input' },
  'guardrail-violation': { status: 422, title: 'Refused by policy' },
  'rate-limited': { status: 429, title: 'Too many calls' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
  internal: { status: 500, title: 'Internal error' },
}

export const statusOf = (code: ErrorCode): number => statuses[code].status

/** A code of HTTP only, which AppError does not have. */
export const methodNotAllowed = { status: 405, title: 'Method not allowed', code: 'method-not-allowed' } as const

export const problemDocument = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum([methodNotAllowed.code, ...Object.keys(statuses)]),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })),
    reference: z.string().meta({ description: 'Identifies this call in Postern’s log and audit events.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' })
export type ProblemDocument = z.infer<typeof problemDocument>

/** Seconds after which a retry makes sense. */
const retryAfter: Partial<Record<ErrorCode, number>> = { unavailable: 2, 'rate-limited': 1 }

/** The headers of every API response: it may not be cached, and its content type may not be guessed. */
export const apiHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const

export const problemType = (code: string): string => `urn:postern:problem:${code}`

export const problemText = (document: Omit<ProblemDocument, 'type'>): string =>
  JSON.stringify({ type: problemType(document.code), ...document } satisfies ProblemDocument)

export function problemAnswer(document: Omit<ProblemDocument, 'type'>, headers: Record<string, string> = {}): Response {
  return new Response(problemText(document), {
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
  // An unknown code, such as __proto__, has no status: the response would be a 200.
  error instanceof AppError && Object.hasOwn(statuses, error.code)
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
  // RFC 6750 §3: the response to a call without credentials names only the scheme; a refused token also gets the
  // reason.
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
