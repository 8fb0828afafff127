// Every error that Postern explains to somebody has one of these codes. They are part of the API: never renamed.
export const errorCodes = [
  'malformed', // 400: not JSON, or not of the shape
  'unauthenticated', // 401
  'cross-origin', // 403: a cookie-authenticated write from another site
  'forbidden', // 403: the caller may know that it exists
  'not-found', // 404: not there, or not yours
  'conflict', // 409: the state moved on
  'digest-mismatch', // 409
  'idempotency-mismatch', // 409: the same key with another body
  'too-large', // 413
  'unsupported-media-type', // 415
  'invalid', // 422: well-formed but refused, each field named
  'guardrail-violation', // 422: with every violation
  'rate-limited', // 429
  'unavailable', // 503: the database is away
  'internal', // 500
] as const
export type ErrorCode = (typeof errorCodes)[number]

/** One thing that is wrong: where (RFC 6901 pointer into the body, or '' for the whole), and what would be right. */
export type FieldError = { pointer: string; message: string }

const brand = Symbol.for('postern.AppError')

/**
 * An error with a stable code and a sentence that may be shown to the caller. `cause` is for the log alone.
 * The sentence never holds a token, a stack or somebody else's data.
 */
export class AppError extends Error {
  // Next puts this module into several bundles of one process, and what they share (the database) throws the class of one
  // of them: each has to know the others' for what they are.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && brand in value
  }
  readonly [brand] = true
  readonly code: ErrorCode
  readonly errors: FieldError[]
  /** After how long it makes sense to try again, where that is known. */
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

/** The one answer to "not there" and "not yours". */
export const notFound = () => new AppError('not-found', 'There is nothing here, or it is not yours to see.')
