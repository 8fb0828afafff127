import { createPrivateKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { openCheckpoint, parseVerifierKey, signCheckpoint, signerOf } from './checkpoint.ts'

/** Key pairs that were made for this test: 32 equal bytes, as PKCS #8. */
const keyOf = (byte: number) =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]),
    format: 'der',
    type: 'pkcs8',
  })
const origin = 'postern.example.com/log'
const signer = signerOf(origin, keyOf(1))
const other = signerOf(origin, keyOf(2))
const checkpoint = { origin, size: 3, root: Buffer.alloc(32, 7) }
const note = signCheckpoint(checkpoint, signer)

test('a signed checkpoint is a note of three lines and a signature', () => {
  expect(note.split('\n')).toEqual([
    origin,
    '3',
    checkpoint.root.toString('base64'),
    '',
    expect.stringMatching(/^— \S+ \S+$/),
    '',
  ])
  expect(openCheckpoint(note, [signer.verifier])).toMatchObject({ size: 3, root: checkpoint.root, origin })
})

test('a verifier key reads back as the same key', () => {
  expect(parseVerifierKey(signer.verifier.text)).toEqual(signer.verifier)
  expect(() => parseVerifierKey(signer.verifier.text.replace('example', 'exemple'))).toThrow(/does not match its name/)
})

test('after a rotation both keys verify what each has signed', () => {
  const keys = [signer.verifier, other.verifier]
  expect(openCheckpoint(note, keys).signedBy.id).toBe(signer.verifier.id)
  expect(openCheckpoint(signCheckpoint(checkpoint, other), keys).signedBy.id).toBe(other.verifier.id)
})

test.each([
  ['another size', note.replace('\n3\n', '\n4\n'), /was changed/],
  [
    'another root',
    note.replace(checkpoint.root.toString('base64'), Buffer.alloc(32, 8).toString('base64')),
    /was changed/,
  ],
  ['another name', note.replace(origin, 'elsewhere.example.com/log'), /None of the given keys/],
  ['no signature', note.split('\n\n')[0] as string, /no signature/],
  ['the signature of an unknown key', signCheckpoint(checkpoint, other), /None of the given keys/],
  ['no root', `${origin}\n3\nAAAA\n\n${note.split('\n\n')[1]}`, /not a checkpoint/],
  ['nothing', '', /not a checkpoint/],
])('a checkpoint with %s is refused', (_what, text, why) => {
  expect(() => openCheckpoint(text, [signer.verifier])).toThrow(why)
})
