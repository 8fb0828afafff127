// Every error that Postern explains to a caller has one of these codes. They are part of the API: never renamed.
export const errorCodes = [
  'malformed', // 400: not JSON, or not of the shape
  'unauthenticated', // 401
  'cross-origin', // 403: a cookie-authenticated write from another site
  'forbidden', // 403: the caller may know that it exists
  'not-found', // 404: does not exist, or the caller may not know that it does
  'conflict', // 409: the state has changed
  'digest-mismatch', // 409
  'idempotency-mismatch', // 409: the same key with another body
  'too-large', // 413
  'unsupported-media-type', // 415
  'invalid', // 422: well-formed but refused, with each field named
  'guardrail-violation', // 422: with every violation
  'rate-limited', // 429
  'unavailable', // 503: the database is unavailable
  'internal', // 500
] as const
export type ErrorCode = (typeof errorCodes)[number]

/** One problem with the input: an RFC 6901 pointer into the body, or '' for all of it, and how to correct it. */
export type FieldError = { pointer: string; message: string }

const brand = Symbol.for('postern.AppError')

/**
 * An error with a stable code and a sentence that the caller may read. `cause` is only logged.
 * The sentence never contains a token, a stack trace or another person's data.
 */
export class AppError extends Error {
  // Next.js loads this module into several bundles of one process. The database adapter is shared between them and
  // throws the class of one bundle, so `instanceof` in the others must not compare classes.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && brand in value
  }
  readonly [brand] = true
  readonly code: ErrorCode
  readonly errors: FieldError[]
  /** When a retry makes sense, if that is known. */
  readonly retryAfterSeconds: number | undefined
  constructor(
    code: ErrorCode,
    sentence: string,
    options: { errors?: FieldError[]; cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.errors = options.errors ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** One error for "does not exist" and "not visible to you", so that a caller cannot tell them apart. */
export const notFound = () => new AppError('not-found', 'This doesn’t exist, or you don’t have access to it.')
