import { describe, expect, it } from 'vitest'
import { canonicalBytes, recordKinds, type SigningKeys, sign, signingKey, whyNotSigned } from './signature.ts'

const [first, second] = [signingKey('a'.repeat(32)), signingKey('b'.repeat(32))]
const only = (key: SigningKeys['use']): SigningKeys => ({ use: key, accepted: [key] })
const statement = { id: 'dec_1', groups: ['b', 'a'], note: 'ä', at: new Date('2026-11-25T10:00:00Z') }

describe('the bytes that are signed', () => {
  it('are RFC 8785: the order of fields and how they came make no difference', () => {
    const other = { note: 'ä', at: '2026-11-25T10:00:00.000Z', groups: ['b', 'a'], id: 'dec_1', left: undefined }
    expect(canonicalBytes('decision', other)).toBe(canonicalBytes('decision', statement))
    expect(canonicalBytes('decision', statement)).toBe(
      '["postern decision v1",{"at":"2026-11-25T10:00:00.000Z","groups":["b","a"],"id":"dec_1","note":"ä"}]',
    )
  })
  it('say which kind of record it is', () =>
    expect(new Set(recordKinds.map((kind) => canonicalBytes(kind, statement))).size).toBe(recordKinds.length))
})

describe('a signature', () => {
  const signature = sign(only(first), 'decision', statement)
  const why = (keys: SigningKeys, said: object = statement, given: string | null = signature) =>
    whyNotSigned(keys, 'decision', () => said, given)

  it('is believed by whoever has the key', () => expect(why(only(first))).toBeNull())
  it('is never that of another kind of record, whatever that says', () => {
    for (const kind of recordKinds.filter((kind) => kind !== 'decision'))
      expect(
        whyNotSigned(only(first), kind, () => statement, signature),
        kind,
      ).toBe('mismatch')
  })
  it.each([
    ['a field that was changed', { ...statement, note: 'a' }],
    ['a field that was added', { ...statement, more: true }],
    ['a field that was taken away', { id: 'dec_1' }],
    ['a list in another order', { ...statement, groups: ['a', 'b'] }],
  ])('does not fit %s', (_, said) => expect(why(only(first), said)).toBe('mismatch'))
  it.each([null, ''])('that is not there is missing (%j)', (given) =>
    expect(why(only(first), statement, given)).toBe('missing'),
  )
  it.each([
    'v1',
    `v2${signature.slice(2)}`,
    signature.slice(0, -1),
    `${signature}A`,
    signature.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')),
    '{}',
  ])('that is not one is none: %s', (given) => expect(why(only(first), statement, given)).toBe('mismatch'))
  it('of a record that makes no sense is none, and nothing is thrown', () => {
    const makesNoSense = () => ({ at: new Date('never').toISOString() })
    expect(whyNotSigned(only(first), 'decision', makesNoSense, signature)).toBe('mismatch')
  })
  it('outlives the change of keys for as long as the old one is accepted', () => {
    const before = { use: first, accepted: [first, second] }
    const after = { use: second, accepted: [second, first] }
    expect(why(after)).toBeNull()
    expect(why(before, statement, sign(after, 'decision', statement))).toBeNull()
    expect(why(only(second))).toBe('unknown-key')
  })
  it('says nothing about the secret', () => {
    expect(signature).toMatch(/^v1\.[0-9a-f]{12}\.[\w-]{43}$/)
    expect(first.id).not.toBe(second.id)
  })
})
