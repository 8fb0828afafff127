// Was this record written by somebody who holds the key? The key is an argument: it lives in lib/adapters/db/signing.ts alone.
import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import canonicalize from 'canonicalize'

export const recordKinds = [
  'person',
  'request',
  'decision',
  'grant',
  'order',
  'answer',
  'kept-answer',
  'rights',
] as const
export type RecordKind = (typeof recordKinds)[number]

/**
 * One secret as it is used: a name that says nothing about it, and a key of its own for each kind of record. Key objects,
 * because bytes that have to become one at each signature take eight times as long.
 */
export type SigningKey = { id: string; of: Readonly<Record<RecordKind, KeyObject>> }

/** `use` signs; all of `accepted` are believed, so that a key can be changed while old records are still needed. */
export type SigningKeys = { use: SigningKey; accepted: readonly SigningKey[] }

/** @param secret the operator's text; at least 32 characters, which lib/env.ts demands */
export function signingKey(secret: string): SigningKey {
  const derive = (what: string, length: number) =>
    new Uint8Array(hkdfSync('sha256', secret, '', `postern signing ${what}`, length))
  const of = Object.fromEntries(
    recordKinds.map((kind) => [kind, createSecretKey(derive(kind, 32))]),
  ) as SigningKey['of']
  return { id: Buffer.from(derive('key id', 6)).toString('hex'), of }
}

const version = 'v1'

/** The bytes that are signed: RFC 8785 of the kind and the statement. What is undefined is not there; dates are text. */
export const canonicalBytes = (kind: RecordKind, statement: object): string =>
  canonicalize([`postern ${kind} ${version}`, statement]) ?? ''

const macOf = (key: SigningKey, kind: RecordKind, statement: object): Buffer =>
  createHmac('sha256', key.of[kind]).update(canonicalBytes(kind, statement)).digest()

/** `v1.<key id>.<base64url of HMAC-SHA-256>` */
export const sign = ({ use }: SigningKeys, kind: RecordKind, statement: object): string =>
  `${version}.${use.id}.${macOf(use, kind, statement).toString('base64url')}`

export type SignatureProblem = 'missing' | 'unknown-key' | 'mismatch'

/** Null when the record is as somebody with the key wrote it. Never throws, whatever the record holds. */
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
    // What was never written by Postern need not even have a date where one belongs.
    return 'mismatch'
  }
}
