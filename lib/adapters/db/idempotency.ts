import { AppError } from '#lib/core/access/errors'
import { whyNotSigned } from '#lib/core/signing/signature'
import { storedResponseStatement } from '#lib/core/signing/statements'
import { db, type Tx, transaction } from './client.ts'
import type { Prisma } from './generated/client.ts'
import { signatureOf, signingKeys } from './signing.ts'

export type StoredResponse = { status: number; body: Prisma.JsonValue }
/** A response to store. It must not contain a token, because anyone with access to the database can read it. */
export type NewResponse = { status: number; body: Prisma.InputJsonObject }

/** The status of a claimed key without a response; visible only inside the transaction that claimed it. */
const withoutResponse = 0

/**
 * Claims an Idempotency-Key for one person in the current transaction. Returns the stored response of an earlier call,
 * or null: then the caller performs the work and calls storeResponse() in the same transaction. A second call with the
 * same key waits until the first has committed, and then gets its response. A response without a valid signature is
 * ignored and the work performed; otherwise someone with write access to the database could fake one, such as "access
 * has ended".
 * @param fingerprint SHA-256 of method, path and body
 * @throws AppError `idempotency-mismatch` when the key was used for something else
 */
export async function claim(
  tx: Tx,
  personId: string,
  key: string,
  fingerprint: string,
): Promise<StoredResponse | null> {
  const { count } = await tx.idempotency.createMany({
    data: { personId, key, fingerprint, status: withoutResponse, body: {} },
    skipDuplicates: true,
  })
  if (count === 1) return null
  const stored = await tx.idempotency.findUniqueOrThrow({ where: { personId_key: { personId, key } } })
  if (stored.fingerprint !== fingerprint)
    throw new AppError('idempotency-mismatch', 'This Idempotency-Key was used for another call. Use a new key.')
  const isOurs =
    whyNotSigned(signingKeys(), 'stored-response', () => storedResponseStatement(stored), stored.signature) === null
  return isOurs || stored.status === withoutResponse ? { status: stored.status, body: stored.body } : null
}

type Claimed = { personId: string; key: string; fingerprint: string }

/** Stores the signed response for a claimed key, in the transaction that claimed it. */
export async function storeResponse(tx: Tx, claimed: Claimed, { status, body }: NewResponse) {
  const { personId, key } = claimed
  const signature = signatureOf('stored-response', storedResponseStatement({ ...claimed, status, body }))
  await tx.idempotency.update({ where: { personId_key: { personId, key } }, data: { status, body, signature } })
}

/**
 * Performs `work` once per key and returns its response, or that of an earlier call. Claim, work and response commit
 * together, because operations join the transaction. If `work` throws, nothing is stored and the key stays free: a
 * refused call is judged again each time, because its reasons may no longer apply.
 */
export const once = (
  personId: string,
  key: string,
  fingerprint: string,
  work: () => Promise<NewResponse>,
): Promise<StoredResponse & { repeated: boolean }> =>
  transaction(async (tx) => {
    const stored = await claim(tx, personId, key, fingerprint)
    if (stored && stored.status !== withoutResponse) return { ...stored, repeated: true }
    const response = await work()
    await storeResponse(tx, { personId, key, fingerprint }, response)
    return { status: response.status, body: response.body as Prisma.JsonValue, repeated: false }
  })

/** Deletes responses that are older than a day. The sweep calls it. */
export async function pruneIdempotencyKeys() {
  await db().$executeRaw`DELETE FROM idempotency WHERE created_at < now() - interval '24 hours'`
}
