// Signs stored records and verifies their signatures. The keys are arguments; only lib/adapters/db/signing.ts holds
// them.
import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import canonicalize from 'canonicalize'

export const recordKinds = [
  'person',
  'request',
  'decision',
  'comment',
  'review',
  'grant',
  'end',
  'order',
  'answer',
  'problem',
  'stored-response',
  'rights',
  'rota',
  'anchored',
] as const
export type RecordKind = (typeof recordKinds)[number]

/**
 * The keys derived from one secret: an id that reveals nothing about it, and one key for each kind of record. They are
 * key objects, because creating one from bytes for each signature takes eight times as long.
 */
export type SigningKey = { id: string; of: Readonly<Record<RecordKind, KeyObject>> }

/** `use` signs; all of `accepted` verify, so that the key can be rotated while old records are still needed. */
export type SigningKeys = { use: SigningKey; accepted: readonly SigningKey[] }

/** @param secret at least 32 characters; lib/env.ts checks that */
export function signingKey(secret: string): SigningKey {
  const derive = (what: string, length: number) =>
    new Uint8Array(hkdfSync('sha256', secret, '', `postern signing ${what}`, length))
  const of = Object.fromEntries(
    recordKinds.map((kind) => [kind, createSecretKey(derive(kind, 32))]),
  ) as SigningKey['of']
  return { id: Buffer.from(derive('key id', 6)).toString('hex'), of }
}

const version = 'v1'

/**
 * The bytes that are signed: the kind and the statement as RFC 8785 JSON, with dates as text and undefined fields left
 * out.
 */
export const canonicalBytes = (kind: RecordKind, statement: object): string =>
  canonicalize([`postern ${kind} ${version}`, statement]) ?? ''

const macOf = (key: SigningKey, kind: RecordKind, statement: object): Buffer =>
  createHmac('sha256', key.of[kind]).update(canonicalBytes(kind, statement)).digest()

/** `v1.<key id>.<base64url of HMAC-SHA-256>` */
export const sign = ({ use }: SigningKeys, kind: RecordKind, statement: object): string =>
  `${version}.${use.id}.${macOf(use, kind, statement).toString('base64url')}`

export type SignatureProblem = 'missing' | 'unknown-key' | 'mismatch'

/** Why the signature does not fit the record; null if it does. Never throws, whatever the record contains. */
export function whyNotSigned(
  { accepted }: SigningKeys,
  kind: RecordKind,
  statement: () => object,
  signature: string | null | undefined,
): SignatureProblem | null {
  if (!signature) return 'missing'
  const [, id, mac] = /^v1\.([0-9a-f]{12})\.([\w-]{43})$/.exec(signature) ?? []
  if (!id || !mac) return 'mismatch'
  const key = accepted.find((candidate) => candidate.id === id)
  if (!key) return 'unknown-key'
  try {
    return timingSafeEqual(macOf(key, kind, statement()), Buffer.from(mac, 'base64url')) ? null : 'mismatch'
  } catch {
    // A record that Postern did not write may not even have a date where one is expected.
    return 'mismatch'
  }
}
