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

test('the token that kubectl would use is inspected: of the current context, from its file or its plugin', async () => {
  const write = (name: string, user: object) => {
    const file = join(folder, name)
    const other = { name: 'other', user: { token: 'not-this-one' } }
    const contexts = [{ name: 'now', context: { cluster: 'c', user: 'mina' } }]
    const config = { kind: 'Config', 'current-context': 'now', contexts, users: [other, { name: 'mina', user }] }
    writeFileSync(file, JSON.stringify(config))
    return file
  }
  const inspect = (KUBECONFIG: string) => run(['token', 'inspect', '--current'], '', { KUBECONFIG })
  const plugin = (script: string) => {
    writeFileSync(join(folder, 'plugin'), `#!/bin/sh\n${script}\n`, { mode: 0o700 })
    return { exec: { command: './plugin', args: ['one'], env: [{ name: 'WORD', value: 'two' }] } }
  }
  const old = token({ ...account, exp: 1000 })
  const direct = await inspect(write('direct', { token: old }))
  expect([direct.code, direct.out]).toEqual([1, expect.stringMatching(/^The token of mina\n[\s\S]*would refuse it/)])
  writeFileSync(join(folder, 'token'), `${token(account)}\n`)
  expect((await inspect(write('file', { tokenFile: 'token' }))).code).toBe(0)
  const print = `[ "$1$WORD" = onetwo ] && echo '{"status":{"token":"${old}"}}'`
  const printed = await inspect(write('printed', plugin(print)))
  expect([printed.code, printed.out]).toEqual([1, expect.stringMatching(/^The token of mina\n[\s\S]*would refuse it/)])
  const refused = await inspect(write('refused', plugin('echo "it ended \x1b[2J" >&2; exit 1')))
  expect([refused.code, refused.out, refused.err]).toEqual([
    1,
    '',
    expect.stringMatching(/no token: it ended \[U\+001B\]/),
  ])
  expect((await inspect(join(folder, 'absent'))).code).toBe(2)
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
