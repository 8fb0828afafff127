// Builds kustomizations with the real kubectl.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { testParts } from '#testing/database'
import { spawnPostern } from '../running.testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-kustomize-'))
afterAll(() => rmSync(folder, { recursive: true }))

const role =
  'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\nrules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]\n'
const patch =
  '- {op: add, path: /rules/0/resources/-, value: pods/exec}\n- {op: add, path: /rules/0/verbs/-, value: create}\n'

function write(name: string, text: string) {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}

const check = (...args: string[]) =>
  spawnPostern(['check', '.', ...args], {
    cwd: folder,
    env: { PATH: dirname(testParts().kubernetes.kubectl), FORCE_COLOR: '0' },
  })

test('an overlay is checked as kubectl builds it, with its patches, and its base is not checked again', async () => {
  write('base/kustomization.yaml', 'resources: [role.yaml]\n')
  write('base/role.yaml', role)
  write(
    'prod/kustomization.yaml',
    `namespace: prod\nresources: [../base]\npatches:\n- target: {kind: Role}\n  path: more.yaml\n`,
  )
  write('prod/more.yaml', patch)
  const { code, out } = await check()
  expect(out).toMatch(/^prod\/kustomization\.yaml:\d+:\d+: Role prod\/r \(rendered from kustomize\)$/m)
  expect(out).toContain('medium[runs-commands-in-pods]')
  expect(out).toContain('Checked 1 role or binding')
  expect(code).toBe(1)
})

test('a kustomization with a remote resource is an error, and nothing is fetched', async () => {
  write('remote/kustomization.yaml', 'resources: ["https://example.com/role.yaml"]\n')
  const { code, out } = await check('--exclude', 'prod/', '--exclude', 'base/')
  expect(code).toBe(2)
  expect(out).toMatch(/^error: remote\/kustomization\.yaml: not checked: kubectl failed: .*127\.0\.0\.1:9/m)
})
