import { createHash } from 'node:crypto'
import { transaction } from '#lib/adapters/db/client'
import { claim, once } from '#lib/adapters/db/idempotency'
import { AppError } from '#lib/core/access/errors'

// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a caller that doesn't know whether its first call
// arrived can repeat it without performing the operation twice. A key belongs to one person and is kept for a day.

/** Visible ASCII characters. */
export const idempotencyKeyPattern = /^[!-~]{1,200}$/

/** The call's Idempotency-Key; undefined without one. */
export function idempotencyKeyOf(headers: Headers): string | undefined {
  const key = headers.get('idempotency-key')
  if (key === null) return undefined
  if (!idempotencyKeyPattern.test(key)) {
    throw new AppError(
      'malformed',
      'The Idempotency-Key is invalid. Send 1 to 200 visible ASCII characters, such as a UUID.',
    )
  }
  return key
}

const fingerprintOf = (request: Request, body: string) =>
  createHash('sha256')
    .update(`${request.method}\n${new URL(request.url).pathname}\n${body}`)
    .digest('hex')

type Keyed = { request: Request; body: string; personId: string; key: string }

/**
 * Performs `work` once per key. A repeated call gets the first call's response, which commits together with the work.
 */
export async function answerOnce(
  { request, body, personId, key }: Keyed,
  status: number,
  work: () => Promise<object>,
): Promise<{ status: number; body: unknown; repeated: boolean }> {
  return once(personId, key, fingerprintOf(request, body), async () => ({
    status,
    // As sent over the network: without dates and undefined values.
    body: JSON.parse(JSON.stringify(await work())),
  }))
}

/** Spends the key before the work begins, for a response that must not be stored. A second call is refused. */
export async function spendKey({ request, body, personId, key }: Keyed): Promise<void> {
  const kept = await transaction((tx) => claim(tx, personId, key, fingerprintOf(request, body)))
  if (kept) {
    throw new AppError(
      'conflict',
      'This Idempotency-Key has been used, and its response was not stored. Use a new key.',
    )
  }
}
