import { describe, expect, test } from 'vitest'
import { canonicalBytes, recordKinds, type SigningKeys, sign, signingKey, whyNotSigned } from './signature.ts'

const [first, second] = [signingKey('a'.repeat(32)), signingKey('b'.repeat(32))]
const only = (key: SigningKeys['use']): SigningKeys => ({ use: key, accepted: [key] })
const statement = { id: 'dec_1', groups: ['b', 'a'], note: 'ä', at: new Date('2026-11-25T10:00:00Z') }

describe('canonicalBytes', () => {
  test('the signed bytes are RFC 8785 JSON: the order of fields and the type of dates make no difference', () => {
    const other = { note: 'ä', at: '2026-11-25T10:00:00.000Z', groups: ['b', 'a'], id: 'dec_1', left: undefined }
    expect(canonicalBytes('decision', other)).toBe(canonicalBytes('decision', statement))
    expect(canonicalBytes('decision', statement)).toBe(
      '["postern decision v1",{"at":"2026-11-25T10:00:00.000Z","groups":["b","a"],"id":"dec_1","note":"ä"}]',
    )
  })
  test('the signed bytes differ for each kind of record', () =>
    expect(new Set(recordKinds.map((kind) => canonicalBytes(kind, statement))).size).toBe(recordKinds.length))
})

describe('whyNotSigned', () => {
  const signature = sign(only(first), 'decision', statement)
  const why = (keys: SigningKeys, record: object = statement, given: string | null = signature) =>
    whyNotSigned(keys, 'decision', () => record, given)

  test('a signature is valid for a process that has the key', () => expect(why(only(first))).toBeNull())
  test('a signature of one kind of record is invalid for every other kind', () => {
    for (const kind of recordKinds.filter((kind) => kind !== 'decision'))
      expect(
        whyNotSigned(only(first), kind, () => statement, signature),
        kind,
      ).toBe('mismatch')
  })
  test.each([
    ['a changed field', { ...statement, note: 'a' }],
    ['an added field', { ...statement, more: true }],
    ['a missing field', { id: 'dec_1' }],
    ['a list in another order', { ...statement, groups: ['a', 'b'] }],
  ])('a signature is invalid for a record with %s', (_, record) => expect(why(only(first), record)).toBe('mismatch'))
  test.each([null, ''])('an absent signature is reported as missing (%j)', (given) =>
    expect(why(only(first), statement, given)).toBe('missing'),
  )
  test.each([
    'v1',
    `v2${signature.slice(2)}`,
    signature.slice(0, -1),
    `${signature}A`,
    signature.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')),
    '{}',
  ])('a malformed signature is a mismatch: %s', (given) => expect(why(only(first), statement, given)).toBe('mismatch'))
  test('a record that cannot be serialized is a mismatch, and nothing is thrown', () => {
    const invalidRecord = () => ({ at: new Date('never').toISOString() })
    expect(whyNotSigned(only(first), 'decision', invalidRecord, signature)).toBe('mismatch')
  })
  test('a signature stays valid after a key rotation for as long as the old key is accepted', () => {
    const before = { use: first, accepted: [first, second] }
    const after = { use: second, accepted: [second, first] }
    expect(why(after)).toBeNull()
    expect(why(before, statement, sign(after, 'decision', statement))).toBeNull()
    expect(why(only(second))).toBe('unknown-key')
  })
  test('a signature reveals only a derived key id', () => {
    expect(signature).toMatch(/^v1\.[0-9a-f]{12}\.[\w-]{43}$/)
    expect(first.id).not.toBe(second.id)
  })
})
