// The API server accepts almost any name for a role or a binding. kubectl and a real shell must find exactly that one.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestParts } from '#local/parts/parts'
import { must, type Oracle, openOracle, roleManifest } from '../oracle.testing.ts'
import { kubectlLine } from './kubectl-text.ts'

const namespace = `names-${randomBytes(4).toString('hex')}`
const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`
const names = [
  ...['plain', '-rf', "it's", 'a b', 'a\\', "a\\'b", '"', '!!', '{a,b}', '*', '~', '#x', '=x'],
  ...['x;touch pwned', '$(touch pwned)', '`touch pwned`', "';touch pwned;'", '&& touch pwned'],
  ...['x\ntouch pwned', 'tab\there', '\u001b[2J', '\u0007', '\u202eb', 'a\u200bb', 'é', '😀', '\u3164'],
]

let oracle: Oracle
const directory = mkdtempSync(join(tmpdir(), 'postern-names-'))
const bin = mkdtempSync(join(tmpdir(), 'postern-bin-'))
let kubeconfig = ''
beforeAll(async () => {
  oracle = await openOracle()
  const { kubernetes } = await startTestParts()
  kubeconfig = kubernetes.adminKubeconfig
  symlinkSync(kubernetes.kubectl, join(bin, 'kubectl'))
  await must(oracle.call('POST', '/api/v1/namespaces', { metadata: { name: namespace } }))
})
afterAll(async () => {
  await must(oracle.call('DELETE', `/api/v1/namespaces/${namespace}`))
  oracle.close()
  for (const one of [directory, bin]) rmSync(one, { recursive: true })
})

const listed = async () => {
  const { items } = (await must(oracle.call('GET', roles))) as { items: { metadata: { name: string } }[] }
  return items.map(({ metadata }) => metadata.name).sort()
}

test.each(names)('kubectl deletes the Role %j, and no other, by the line that people copy into bash', async (name) => {
  const others = ['a', 'b', 'plain-2', 'pwned']
  for (const one of [...others, name]) await oracle.call('POST', roles, roleManifest(one, []))
  expect(await listed()).toEqual([...others, name].sort())
  execFileSync('bash', ['-c', kubectlLine('delete', 'Role', name, namespace)], {
    cwd: directory,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, KUBECONFIG: kubeconfig, HOME: directory },
  })
  expect(await listed()).toEqual(others)
  expect(readdirSync(directory).filter((file) => file !== '.kube')).toEqual([])
})
