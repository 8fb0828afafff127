// Installs the package into an empty folder and runs it there, as someone without a checkout does.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { aConfiguration } from '#testing/configuration'
import { buildPackage } from './build.ts'

const execute = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'postern-package-'))
afterAll(() => rmSync(folder, { recursive: true }))

const built = join(folder, 'built')
const home = join(folder, 'home')
mkdirSync(home)
await buildPackage(built)
await execute('npm', ['pack', '--pack-destination', folder], { cwd: built })
const archive = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
writeFileSync(join(home, 'package.json'), '{"private": true}')
await execute('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, archive)], { cwd: home })

writeFileSync(
  join(home, 'role.yaml'),
  'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a, namespace: payments}\n' +
    'rules: [{apiGroups: [""], resources: [pods/exec], verbs: [create]}]\n',
)
writeFileSync(join(home, 'postern.yaml'), stringify(aConfiguration()))

type Ran = { code: number; out: string; err: string }

/** Runs the installed program with this Node.js. */
const run = (node: string, ...args: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const program = join(home, 'node_modules/postern/launcher.js')
    execFile(
      node,
      [program, ...args],
      { cwd: home, env: { ...process.env, HOME: home, NODE_OPTIONS: '' } },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
    )
  })

const nodes = [process.execPath, ...['/usr/bin/node', '/usr/local/bin/node'].filter(existsSync).slice(0, 1)]

test('the package has no dependencies, and its programs are on the path of its folder', () => {
  expect(readdirSync(join(home, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['postern'])
  expect(readdirSync(join(home, 'node_modules/.bin')).sort()).toEqual(['kubectl-postern', 'postern'])
})

test.each(nodes)('without a checkout, %s runs every kind of command of the package', async (node) => {
  expect(await run(node, '--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  expect(await run(node, 'check', 'role.yaml', '--policy', 'postern.yaml')).toMatchObject({ code: 1, err: '' })
  for (const format of ['json', 'sarif', 'junit']) {
    expect(await run(node, 'check', 'role.yaml', '--format', format)).toMatchObject({ code: 1, err: '' })
  }
  expect((await run(node, 'check', 'absent.yaml')).code).toBe(2)
})
