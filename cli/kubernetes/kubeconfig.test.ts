import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { whereOf } from './command-line.ts'
import { clusterFrom } from './entries.ts'
import { merge } from './kubeconfig-command.ts'
import { backupOf, changeKubeconfig, currentContext } from './kubeconfig-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-kubeconfig-'))
afterAll(() => rmSync(folder, { recursive: true }))

const old = `apiVersion: v1
kind: Config
current-context: mine
# my own clusters
clusters:
  - name: mine # do not touch
    cluster: {server: https://mine.example.com}
contexts:
  - name: mine
    context: {cluster: mine, user: mine, namespace: shop}
users: null
extensions: [kept]
`

const entries = (server: string) => ({
  ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'postern/a' },
  clusters: [{ name: 'postern/a', cluster: { server } }],
  contexts: [{ name: 'postern/a', context: { cluster: 'postern/a', user: 'postern/a' } }],
  users: [{ name: 'postern/a', user: { exec: { command: 'postern' } } }],
})
type Entries = Parameters<typeof merge>[1]
const add = (file: string, server: string) =>
  changeKubeconfig(file, (document) => merge(document, entries(server) as unknown as Entries))

test('a context is added once and replaced later, and everything else of the file stays, with its comments', () => {
  const file = join(folder, 'config')
  writeFileSync(file, old, { mode: 0o644 })
  add(file, 'https://one.example.com')
  expect(readFileSync(backupOf(file), 'utf8')).toBe(old)
  add(file, 'https://two.example.com')
  const text = readFileSync(file, 'utf8')
  expect(text).toContain('# my own clusters')
  expect(text).toContain('# do not touch')
  expect(parse(text)).toMatchObject({
    'current-context': 'mine',
    clusters: [{ name: 'mine' }, { name: 'postern/a', cluster: { server: 'https://two.example.com' } }],
    contexts: [{ name: 'mine' }, { name: 'postern/a' }],
    users: [{ name: 'postern/a' }],
    extensions: ['kept'],
  })
  expect(statSync(file).mode & 0o077).toBe(0)
  expect(existsSync(`${file}.lock`)).toBe(false)
})

test('the backup overwrites no other file, and no one else can read it', () => {
  const [file, other] = [join(folder, 'backed-up'), join(folder, 'other')]
  writeFileSync(file, old, { mode: 0o644 })
  writeFileSync(other, 'not a kubeconfig', { mode: 0o644 })
  symlinkSync(other, backupOf(file))
  add(file, 'https://one.example.com')
  expect(readFileSync(other, 'utf8')).toBe('not a kubeconfig')
  expect(readFileSync(backupOf(file), 'utf8')).toBe(old)
  expect(statSync(backupOf(file)).mode & 0o077).toBe(0)
})

test('a kubeconfig that is invalid, or locked by another program, stays as it is', () => {
  const file = join(folder, 'broken')
  writeFileSync(file, 'clusters: [')
  expect(() => add(file, 'https://one.example.com')).toThrow('not valid YAML')
  writeFileSync(file, old)
  writeFileSync(`${file}.lock`, '')
  expect(() => add(file, 'https://one.example.com')).toThrow('another program')
  expect(readFileSync(file, 'utf8')).toBe(old)
})

test('a link stays a link, and its target is changed', () => {
  const target = join(folder, 'target')
  writeFileSync(target, old)
  symlinkSync(target, join(folder, 'link'))
  add(join(folder, 'link'), 'https://one.example.com')
  expect(readFileSync(target, 'utf8')).toContain('https://one.example.com')
})

test('the current context is the one that kubectl would use', () => {
  const [first, second] = [join(folder, 'first'), join(folder, 'second')]
  writeFileSync(first, 'current-context: mine\n')
  writeFileSync(second, old.replace('current-context: mine', 'current-context: other'))
  const env = { KUBECONFIG: `${first}:${second}` }
  expect(currentContext(env)).toEqual({ name: 'mine', namespace: 'shop', server: 'https://mine.example.com' })
  expect(currentContext(env, 'absent')).toEqual({ name: 'absent', namespace: null, server: null })
  expect(currentContext({ KUBECONFIG: join(folder, 'no-file') })).toBe(null)
})

test('flags for a container are not flags of the command', () => {
  expect(whereOf(['kubectl', '-n', 'shop', 'exec', 'web', '--context=a', '--', 'tool', '-n', 'other'])).toEqual({
    namespace: 'shop',
    context: 'a',
  })
})

test('of a kubeconfig that a server sends, only the address and the authority are used', () => {
  const sent = (cluster: object) =>
    JSON.stringify({
      clusters: [{ name: 'x', cluster }],
      users: [{ name: 'x', user: { exec: { command: 'sh', args: ['-c', 'evil'] } } }],
    })
  const good = { server: 'https://a.example.com', 'certificate-authority-data': 'YQ==' }
  expect(
    clusterFrom(sent({ ...good, 'proxy-url': 'http://evil.example.com', 'insecure-skip-tls-verify': true })),
  ).toEqual(good)
  expect(() => clusterFrom(sent({ server: 'http://a.example.com' }))).toThrow('cannot use')
})
