import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { leafOf, mac, type RecordedEvent } from './leaf.ts'
import { leafHash } from './tree.ts'

const event: RecordedEvent = {
  ...{ seq: 7, id: 'evt_01m8cp5h09xxvdj2pr0exf7env', at: '2026-11-23T09:00:00.123456Z', type: 'decision.made' },
  ...{ actorKind: 'person', actorId: 'per_01m8cp5h08zzvdj2pr0exf7env', actorIssuer: 'https://id.example.com' },
  ...{ actorSubject: 'ines', actorName: 'Ines Ferreira', actorEmail: 'ines@example.com', via: 'browser' },
  ...{ clientAddress: '192.0.2.7', reference: '4k9w2m7xq1', requestId: 'req_01m8cp5h07yyvdj2pr0exf7env' },
  ...{ grantId: null, aboutId: null, cluster: 'prod-eu', namespaces: ['payments'], policyHash: 'sha256:0' },
  ...{ data: { note: 'fine', decision: 'approve', digest: 'sha256:1', groups: ['sre'] }, before: null, after: null },
}
const salt = Buffer.from(Array.from({ length: 32 }, (_, i) => i))
const leaf = leafOf(event, salt)

test('the example in docs/evidence.md has the leaf and the hash that this program computes', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../../docs/evidence.md'), 'utf8')
  expect(docs.replaceAll(/\n(?=\S)/g, '')).toContain(leaf)
  expect(docs).toContain(leafHash(leaf).toString('base64'))
})

test('the hash of a value is HMAC-SHA-256, whatever the lengths of the salt and the value', () => {
  for (let length = 0; length <= 200; length++) {
    const key = Buffer.from(Array.from({ length }, (_, i) => (i * 31 + length) % 256))
    for (const message of ['', 'ü'.repeat(length), '\u{1f511}\0', '\ud800', 'x'.repeat(200 - length)])
      expect(mac(key, message), `${length} bytes`).toEqual(createHmac('sha256', key).update(message).digest())
  }
})

test('the order of keys and absent values do not change a leaf', () => {
  const { before: _, ...rest } = event
  const data = { groups: ['sre'], digest: 'sha256:1', decision: 'approve', note: 'fine' }
  expect(leafOf({ ...rest, data, before: undefined }, salt)).toBe(leaf)
})

test.each(Object.keys(event))('a change of %s changes the leaf', (field) => {
  const values: Record<string, unknown> = { seq: 8, namespaces: ['payments', 'search'] }
  expect(leafOf({ ...event, [field]: values[field] ?? 'another' } as RecordedEvent, salt)).not.toBe(leaf)
})

test('equal personal data of two events has different hashes, because each event has a salt of its own', () => {
  const other = JSON.parse(leafOf(event, Buffer.alloc(32, 9))).salted
  for (const [field, hash] of Object.entries(JSON.parse(leaf).salted)) expect(other[field], field).not.toBe(hash)
})

test('a number that JSON can’t express does not keep an event out of the log', () => {
  expect(() => leafOf({ ...event, data: { n: Number.POSITIVE_INFINITY } }, salt)).not.toThrow()
})
