import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { run } from '../running.testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-token-'))
afterAll(() => rmSync(folder, { recursive: true }))
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const inAnHour = Math.floor(Date.now() / 1000) + 3600
const signature = 'dGhlIHNpZ25hdHVyZQ'
const token = (claims: object) =>
  `${part({ alg: 'RS256', kid: 'k' })}.${part({ iss: 'https://issuer', ...claims })}.${signature}`
const account = { sub: 'system:serviceaccount:payments:api', exp: inAnHour }

test('a token from the standard input is described, and never printed', async () => {
  const { code, out, err } = await run(['token', 'inspect'], `Bearer ${token(account)}\n`)
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('It is for the ServiceAccount api in payments.')
  expect(out).toContain('It is signed with RS256 by the key k.')
  expect(out).not.toContain(signature)
})

test('every token of a kubeconfig is inspected, and a refused one exits with 1', async () => {
  const file = join(folder, 'kubeconfig')
  const users = [
    { name: 'good', user: { token: token(account) } },
    { name: 'old', user: { token: token({ ...account, exp: 1000 }) } },
    { name: 'certificate', user: { 'client-certificate': '/x' } },
  ]
  writeFileSync(file, JSON.stringify({ kind: 'Config', users }, null, 2))
  const { code, out } = await run(['token', 'inspect', file, '--format', 'json'])
  expect(code).toBe(1)
  expect(
    JSON.parse(out).map(({ of, inspection }: { of: string; inspection: { refusals: string[] } }) => [
      of,
      inspection.refusals.length,
    ]),
  ).toEqual([
    ['The token of good', 0],
    ['The token of old', 1],
  ])
  expect(out).not.toContain(signature)
})

test('control characters of a token do not reach the terminal', async () => {
  const { out } = await run(['token', 'inspect'], token({ ...account, sub: '\u001b[2Jeve\u202e' }))
  expect(out).toContain('[U+001B][2Jeve[U+202E]')
})

test('input without a token is an error that does not repeat it', async () => {
  const { code, out, err } = await run(['token', 'inspect'], 'no token here')
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain('The input has no token.')
  expect((await run(['token', 'inspect'], 'opaque')).code).toBe(1)
})
