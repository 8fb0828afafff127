import { createPrivateKey } from 'node:crypto'
import { parseVerifierKey, type SignerKey, signerOf, type VerifierKey } from '#lib/core/log/checkpoint'
import { env } from '#lib/env'

// The key that signs checkpoints, from the environment of the worker, and the public keys that verify them. The private
// key never appears in the database, an error or a log.

/** The name of this log, which its checkpoints and keys contain. It is the public address without its scheme. */
export function originOf(publicUrl: string): string {
  const { host, pathname } = new URL(publicUrl)
  return `${host}${pathname.replace(/\/$/, '')}/log`
}

/** The key that signs the checkpoints of this log; null if none is configured. */
export function logSigner(publicUrl: string): SignerKey | null {
  const { logKey } = env()
  return logKey === undefined ? null : signerOf(originOf(publicUrl), createPrivateKey(logKey))
}

/** The keys that verify its checkpoints: that of the signer, and those that the environment names. */
export function logVerifiers(publicUrl: string): VerifierKey[] {
  const signer = logSigner(publicUrl)
  return [...(signer ? [signer.verifier] : []), ...env().logVerifiers.map(parseVerifierKey)]
}
