import { createHash } from 'node:crypto'
import { transaction } from '#lib/adapters/db/client'
import { claim, once } from '#lib/adapters/db/idempotency'
import { AppError } from '#lib/core/access/errors'

// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a caller that does not know whether its first try arrived
// may try again without doing the thing twice. A key belongs to one person and is remembered for a day.

/** The call's key, or undefined where it has none. */
export function idempotencyKeyOf(headers: Headers): string | undefined {
  const key = headers.get('idempotency-key')
  if (key === null) return undefined
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) {
    throw new AppError('malformed', 'The Idempotency-Key must be 1 to 200 visible ASCII characters, such as a UUID.')
  }
  return key
}

const fingerprintOf = (request: Request, body: string) =>
  createHash('sha256')
    .update(`${request.method}\n${new URL(request.url).pathname}\n${body}`)
    .digest('hex')

type Keyed = { request: Request; body: string; personId: string; key: string }

/** Does `work` once for this key; a repeated call gets the first one's answer, which commits together with the work. */
export async function answerOnce(
  { request, body, personId, key }: Keyed,
  status: number,
  work: () => Promise<object>,
): Promise<{ status: number; body: unknown; repeated: boolean }> {
  return once(personId, key, fingerprintOf(request, body), async () => ({
    status,
    // As it goes over the wire: no dates, nothing undefined.
    body: JSON.parse(JSON.stringify(await work())),
  }))
}

/** Spends the key before the work begins, for an answer that must not be kept. A second call is refused. */
export async function spendKey({ request, body, personId, key }: Keyed): Promise<void> {
  const kept = await transaction((tx) => claim(tx, personId, key, fingerprintOf(request, body)))
  if (kept) {
    throw new AppError('conflict', 'This Idempotency-Key was used, and its answer is kept nowhere. Use a new one.')
  }
}
