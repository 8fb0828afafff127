import pino from 'pino'
import { configuredLogLevel } from '#lib/env'

// No token reaches a log: fields with a sensitive name lose their value, and any text that looks like a token is
// replaced when the line is written, whichever code logged it.

const sensitiveName = /token|secret|password|authorization|cookie|kubeconfig|private_?key|verifier|assertion|^jwe$/i

/** JWTs (RFC 7519) and JWEs, complete or truncated, and the value after the word Bearer (RFC 6750 §2.1). */
const tokenText = /eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}|(?<=\bBearer )[A-Za-z0-9._~+/-]{8,}=*/gi

const removed = '[removed]'

function withoutSecrets(value: unknown, depth = 0): unknown {
  if (value === null || typeof value !== 'object' || value instanceof Error || value instanceof Date) return value
  if (depth > 6) return removed
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      sensitiveName.test(key) && item !== null && item !== undefined ? removed : withoutSecrets(item, depth + 1),
    ]),
  )
}

/**
 * The fields of an error that a log needs, without the request bodies, headers and other data that libraries attach.
 */
function plainError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return withoutSecrets(error)
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    stack: error.stack,
    ...(error.cause !== undefined && depth < 4 ? { cause: plainError(error.cause, depth + 1) } : {}),
  }
}

/** A logger that writes JSON lines to `destination`, or to standard output where that is undefined. */
export const makeLog = (destination?: pino.DestinationStream, level = configuredLogLevel()) =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: plainError, error: plainError },
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => withoutSecrets(fields) as Record<string, unknown>,
      },
      hooks: { streamWrite: (line) => line.replace(tokenText, removed) },
    },
    destination as pino.DestinationStream,
  )

/** The log of this process: `log.info({ reference }, 'grant ended')`. */
export const log = makeLog()
