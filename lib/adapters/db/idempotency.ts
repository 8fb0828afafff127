import { AppError } from '#lib/core/access/errors'
import { whyNotSigned } from '#lib/core/signing/signature'
import { storedResponseStatement } from '#lib/core/signing/statements'
import { db, type Tx, transaction } from './client.ts'
import type { Prisma } from './generated/client.ts'
import { signatureOf, signingKeys } from './signing.ts'

export type StoredResponse = { status: number; body: Prisma.JsonValue }
/** An answer to be kept. Never one that holds a token: what is kept is readable by whoever reads the database. */
export type NewResponse = { status: number; body: Prisma.InputJsonObject }

/** A claimed key whose answer is not there yet; it can only be seen inside the transaction that claimed it. */
const withoutResponse = 0

/**
 * Claims an Idempotency-Key for one person in the running transaction. Returns the answer that was given to it before,
 * or null: then the caller does the work and calls storeResponse() in the same transaction. A second call with the same key
 * waits until the first has committed, and then gets its answer. An answer that Postern did not sign is none: the work
 * is done, so that nobody is told that something was done (that access ends, say) by whoever writes to the database.
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
  const kept = await tx.idempotency.findUniqueOrThrow({ where: { personId_key: { personId, key } } })
  if (kept.fingerprint !== fingerprint)
    throw new AppError('idempotency-mismatch', 'This Idempotency-Key was used for something else. Use a new one.')
  const isOurs =
    whyNotSigned(signingKeys(), 'stored-response', () => storedResponseStatement(kept), kept.signature) === null
  return isOurs || kept.status === withoutResponse ? { status: kept.status, body: kept.body } : null
}

type Claimed = { personId: string; key: string; fingerprint: string }

/** Keeps the answer to a claimed key, signed, in the transaction that claimed it. */
export async function storeResponse(tx: Tx, claimed: Claimed, { status, body }: NewResponse) {
  const { personId, key } = claimed
  const signature = signatureOf('stored-response', storedResponseStatement({ ...claimed, status, body }))
  await tx.idempotency.update({ where: { personId_key: { personId, key } }, data: { status, body, signature } })
}

/**
 * Does `work` once for this key and returns its answer, or the one that an earlier call got. Claim, work and answer
 * commit together, because operations join the transaction. When `work` throws, nothing is kept and the key is free: a
 * refusal is judged anew each time, since what it rested on may have changed.
 */
export const once = (
  personId: string,
  key: string,
  fingerprint: string,
  work: () => Promise<NewResponse>,
): Promise<StoredResponse & { repeated: boolean }> =>
  transaction(async (tx) => {
    const kept = await claim(tx, personId, key, fingerprint)
    if (kept && kept.status !== withoutResponse) return { ...kept, repeated: true }
    const answer = await work()
    await storeResponse(tx, { personId, key, fingerprint }, answer)
    return { status: answer.status, body: answer.body as Prisma.JsonValue, repeated: false }
  })

/** Forgets answers that are older than a day: nobody tries again after that. Called by the sweep. */
export async function pruneIdempotencyKeys() {
  await db().$executeRaw`DELETE FROM idempotency WHERE created_at < now() - interval '24 hours'`
}
