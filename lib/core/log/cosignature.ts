// Cosignatures of witnesses (C2SP tlog-cosignature, cosignature/v1 with Ed25519): each says that at a time this was the newest
// checkpoint of the log that the witness had seen, and that it contained every earlier one.
import { verify } from 'node:crypto'
import { openKey, partsOf, signatureIn, type VerifierKey } from './checkpoint.ts'

/** The algorithm byte of an Ed25519 cosignature. */
const ed25519Cosignature = 4

/** Signature lines of a note that are read. */
const mostLines = 100

/** @throws CheckpointError for any other text than `<name>+<id>+<base64>` of an Ed25519 cosigner */
export const parseWitnessKey = (text: string): VerifierKey =>
  openKey(text, ed25519Cosignature, 'the verifier key of a witness, such as witness.example.com/w1+1a2b3c4d+BA…')

export type Cosignature = { line: string; at: Date }

/** The message that a witness signs. @param seconds since 1970 */
export const cosignedMessage = (note: string, seconds: bigint): string =>
  `cosignature/v1\ntime ${seconds}\n${partsOf(note).body}`

/**
 * The cosignature of a witness for this note among these lines, which may be those of others.
 * @returns null if there is none, or none that is genuine
 */
export function cosignatureOf(note: string, lines: string, key: VerifierKey): Cosignature | null {
  for (const line of lines.split('\n').slice(0, mostLines)) {
    const signature = signatureIn(line)
    if (signature?.name !== key.name || signature.id !== key.id || signature.bytes.length !== 8 + 64) continue
    const seconds = signature.bytes.readBigUInt64BE(0)
    // The latest time that JavaScript has is far before the latest one of the format.
    if (seconds === 0n || seconds > 8_640_000_000_000n) continue
    if (verify(null, Buffer.from(cosignedMessage(note, seconds)), key.key, signature.bytes.subarray(8)))
      return { line, at: new Date(Number(seconds) * 1000) }
  }
  return null
}
