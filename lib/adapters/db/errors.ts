import { AppError } from '#lib/core/access/errors'
import { Prisma, type PrismaClient } from './generated/client.ts'

/**
 * Prisma's codes for an unreachable server, a timeout, a closed connection, and no connection or transaction in time.
 */
const unavailableCodes = new Set([
  'P1000',
  'P1001',
  'P1002',
  'P1003',
  'P1008',
  'P1010',
  'P1011',
  'P1017',
  'P2024',
  'P2028',
])

/**
 * SQLSTATE (PostgreSQL, appendix A): connection exceptions, insufficient resources, operator intervention (shutdown,
 * cancelled by timeout), lock not available, serialization failure, deadlock, idle-in-transaction timeout.
 */
const unavailableStates = /^(08...|53...|57...|55P03|40001|40P01|25P03)$/

/** Messages of pg and Node for errors without a code. */
const unavailableMessages =
  /Can't reach database server|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client has encountered a connection error/

/** The SQLSTATE of an error from Prisma or pg, if any: `42501` is "not allowed", `23514` a failed check. */
export function sqlStateOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, cause, meta, originalCode } = error as {
    code?: unknown
    cause?: unknown
    originalCode?: unknown
    meta?: { driverAdapterError?: unknown }
  }
  if (typeof originalCode === 'string') return originalCode
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^P\d{4}$/.test(code)) return code
  return sqlStateOf(meta?.driverAdapterError) ?? sqlStateOf(cause)
}

function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string' && unavailableCodes.has(code)) return true
  if (unavailableStates.test(sqlStateOf(error) ?? '')) return true
  if (error instanceof Prisma.PrismaClientInitializationError) return true
  return unavailableMessages.test(`${String(code)} ${error.message}`) || isUnavailable(error.cause)
}

export const unavailable = (cause?: unknown) =>
  new AppError('unavailable', 'The database does not respond. Try again in a moment.', { cause })

/** Turns errors of an unavailable database into AppError `unavailable`; other errors stay as they are. */
export function translateError(error: unknown): unknown {
  if (error instanceof AppError || !isUnavailable(error)) return error
  return unavailable(error)
}

/** The same client, whose operations throw AppError `unavailable` when the database is unavailable. */
export function translateErrors(client: PrismaClient) {
  const extended = client.$extends({
    query: {
      $allOperations: async ({ args, query }) => {
        try {
          return await query(args)
        } catch (error) {
          throw translateError(error)
        }
      },
    },
  })
  return extended
}
