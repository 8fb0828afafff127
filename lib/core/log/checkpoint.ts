// Checkpoints (C2SP tlog-checkpoint): the name of the log, its size and its root, as a note that an Ed25519 key signs
// (C2SP signed-note). The keys are arguments; only lib/adapters/db/log/log-keys.ts holds a private one.
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Root } from './tree.ts'

export type Checkpoint = Root & { origin: string }

/** A public key and the name of the log that it signs for. */
export type VerifierKey = { name: string; id: string; key: KeyObject; text: string }
export type SignerKey = { verifier: VerifierKey; key: KeyObject }

/** The name under which an anchor keeps a checkpoint: names sort by size. */
export const fileOfCheckpoint = (size: number): string => `checkpoint-${String(size).padStart(12, '0')}`

/** A text that is not a checkpoint, or that no known key signed. The message says which. */
export class CheckpointError extends Error {}

/** The algorithm byte of Ed25519. */
const ed25519 = 1

const isName = (name: string) => /^[^\s+\p{Cc}]{1,200}$/u.test(name)

function verifierOf(name: string, raw: Buffer, algorithm: number): VerifierKey {
  const typed = Buffer.concat([Buffer.of(algorithm), raw])
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest('hex').slice(0, 8)
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' })
  return { name, id, key, text: `${name}+${id}+${typed.toString('base64')}` }
}

/** @throws CheckpointError for any other text than `<name>+<id>+<base64>` of a key with this algorithm byte */
export function openKey(text: string, algorithm: number, expected: string): VerifierKey {
  const [, name = '', id = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim()) ?? []
  const typed = Buffer.from(encoded, 'base64')
  if (!isName(name) || typed.length !== 33 || typed[0] !== algorithm)
    throw new CheckpointError(`The key is not ${expected}.`)
  const key = verifierOf(name, typed.subarray(1), algorithm)
  if (key.id !== id) throw new CheckpointError('The ID in the verifier key does not match its name and bytes.')
  return key
}

/** @throws CheckpointError for any other text than `<name>+<id>+<base64>` of an Ed25519 key */
export const parseVerifierKey = (text: string): VerifierKey =>
  openKey(text, ed25519, 'a verifier key. Pass one such as postern.example.com/log+1a2b3c4d+AR…')

/** @param key an Ed25519 private key */
export function signerOf(name: string, key: KeyObject): SignerKey {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return { key, verifier: verifierOf(name, Buffer.from(x, 'base64url'), ed25519) }
}

export function signCheckpoint({ origin, size, root }: Checkpoint, { key, verifier }: SignerKey): string {
  const body = `${origin}\n${size}\n${root.toString('base64')}\n`
  const signature = Buffer.concat([Buffer.from(verifier.id, 'hex'), sign(null, Buffer.from(body), key)])
  return `${body}\n— ${verifier.name} ${signature.toString('base64')}\n`
}

const mostSignatures = 100

/** The checkpoint in a note, whose signatures are not verified. @throws CheckpointError */
export function readCheckpoint(note: string): Checkpoint {
  const [origin = '', digits = '', encoded = ''] = note.split('\n')
  const root = Buffer.from(encoded, 'base64')
  const size = Number(digits)
  const isRoot = root.length === 32 && root.toString('base64') === encoded
  if (!isName(origin) || !/^(0|[1-9]\d{0,15})$/.test(digits) || !Number.isSafeInteger(size) || !isRoot)
    throw new CheckpointError('This is not a checkpoint: its first lines are not a name, a size and a hash.')
  return { origin, size, root }
}

/** A signature line of a note (C2SP signed-note): the key that it names, and what follows the ID of the key. */
export function signatureIn(line: string): { name: string; id: string; bytes: Buffer } | null {
  const [, name, encoded = ''] = /^— (\S+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? []
  if (name === undefined) return null
  const signature = Buffer.from(encoded, 'base64')
  return { name, id: signature.subarray(0, 4).toString('hex'), bytes: signature.subarray(4) }
}

/** A note in two: what is signed, with its last line end, and the signatures. @throws CheckpointError without any */
export function partsOf(note: string): { body: string; signatures: string } {
  const end = note.lastIndexOf('\n\n')
  if (end < 0) throw new CheckpointError('The checkpoint has no signature.')
  return { body: note.slice(0, end + 1), signatures: note.slice(end + 2) }
}

/** The names and IDs of the keys in the signatures of a note, which are not verified. */
export const keysNamedIn = (note: string): string =>
  note
    .split('\n')
    .flatMap((line) => {
      const signature = signatureIn(line)
      return signature ? [`${signature.name}+${signature.id}`] : []
    })
    .join(', ')

/**
 * The checkpoint in a note that one of these keys signed.
 * @throws CheckpointError
 */
export function openCheckpoint(note: string, keys: readonly VerifierKey[]): Checkpoint & { signedBy: VerifierKey } {
  const checkpoint = readCheckpoint(note)
  const { body, signatures } = partsOf(note)
  if (!note.endsWith('\n')) throw new CheckpointError('The checkpoint has no signature.')
  for (const line of signatures.slice(0, -1).split('\n').slice(0, mostSignatures)) {
    const signature = signatureIn(line)
    const key = keys.find((one) => one.name === signature?.name && one.id === signature.id)
    if (!signature || !key) continue
    if (key.name !== checkpoint.origin) continue
    if (verify(null, Buffer.from(body), key.key, signature.bytes)) return { ...checkpoint, signedBy: key }
    throw new CheckpointError(`The signature of ${key.name} does not match the checkpoint: one of them was changed.`)
  }
  throw new CheckpointError('None of the given keys signed this checkpoint.')
}
