// The client of a witness (C2SP tlog-witness): it gets a checkpoint with the proof that the log still begins with everything that the
// witness has seen of it, and cosigns it.
import type { Exceptions } from '#lib/adapters/outbound'
import { cosignatureOf, parseWitnessKey } from '#lib/core/log/cosignature'
import { DeliveryFailed } from './channel.ts'
import { post, requireSuccess } from './post.ts'

export type Witness = { url: string; key: string }

/** The hashes that show that the first `old` leaves are the beginning of the checkpoint. */
type ProofFrom = (old: number) => Promise<readonly Buffer[]>

/**
 * Has a checkpoint cosigned.
 * @param old the size of the checkpoint that it cosigned last, as far as is known; it answers if it is another one
 * @returns the signature line
 * @throws DeliveryFailed with the reason
 */
export async function cosign(
  { url, key }: Witness,
  { size, note }: { size: number; note: string },
  { old, proofFrom }: { old: number; proofFrom: ProofFrom },
  exceptions: Exceptions,
): Promise<string> {
  const { host } = new URL(url)
  const failed = (why: string) => new DeliveryFailed(`${host} ${why}`, { isOfChannel: true })
  const submit = async (from: number) => {
    const proof = (await proofFrom(from)).map((hash) => `${hash.toString('base64')}\n`).join('')
    const headers = { 'content-type': 'text/plain; charset=utf-8' }
    return post(`${url.replace(/\/$/, '')}/add-checkpoint`, headers, `old ${from}\n${proof}\n${note}`, exceptions)
  }
  let answer = await submit(Math.min(old, size))
  if (answer.status === 409) {
    const known = /^(0|[1-9]\d{0,14})\n$/.exec(answer.body)?.[1]
    if (known === undefined) throw failed('knows another checkpoint, and does not say which')
    if (Number(known) > size)
      throw failed(`has cosigned a checkpoint of size ${known} already, and this one has only ${size}`)
    answer = await submit(Number(known))
  }
  if (answer.status === 422) throw failed('found that the log does not contain a checkpoint that it has cosigned')
  if (answer.status === 409) throw failed('got another checkpoint meanwhile')
  requireSuccess(host, answer)
  const cosignature = cosignatureOf(note, answer.body, parseWitnessKey(key))
  if (!cosignature) throw failed('answered without a cosignature of its key')
  return cosignature.line
}
