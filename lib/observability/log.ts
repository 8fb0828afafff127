import pino from 'pino'
import { configuredLogLevel } from '#lib/env'

// No token reaches a log: fields with a telling name lose their value, and whatever looks like a token in any text is
// replaced on the way out, whoever put it there.

const tellingName = /token|secret|password|authorization|cookie|kubeconfig|private_?key|verifier|assertion|^jwe$/i

/** JWTs (RFC 7519) and JWEs, also the beginning of one, and whatever follows the word Bearer (RFC 6750 §2.1). */
const tokenText = /eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}|(?<=\bBearer )[A-Za-z0-9._~+/-]{8,}=*/gi

const removed = '[removed]'

function withoutSecrets(value: unknown, depth = 0): unknown {
  if (value === null || typeof value !== 'object' || value instanceof Error || value instanceof Date) return value
  if (depth > 6) return removed
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      tellingName.test(key) && item !== null && item !== undefined ? removed : withoutSecrets(item, depth + 1),
    ]),
  )
}

/** The fields of an error that a log needs: no request bodies, headers or other luggage that libraries attach. */
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

/** A logger that writes JSON lines to `destination` (standard output unless given). */
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

/** The log of this process: `log.info({ reference }, 'what happened')`. */
export const log = makeLog()
