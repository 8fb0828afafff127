// Renders charts with the real Helm.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkout } from '#local/processes/places'
import { ensureHelm } from '#local/programs/programs'
import { testParts } from '#testing/database'
import { spawnPostern } from '../running.testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-helm-'))
afterAll(() => rmSync(folder, { recursive: true }))
let helm = ''
const halfAnHour = 30 * 60_000
beforeAll(async () => {
  helm = await ensureHelm(console.log)
}, halfAnHour)

function write(name: string, text: string) {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}

const check = (directory: string, ...args: string[]) =>
  spawnPostern(['check', directory, ...args], {
    cwd: folder,
    // A cluster that answers, which a template must not reach.
    env: { PATH: dirname(helm), KUBECONFIG: testParts().kubernetes.adminKubeconfig, FORCE_COLOR: '0' },
  })

const role = `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ .Release.Name }}-{{ .Values.suffix }}
  namespace: {{ .Release.Namespace }}
  annotations:
    found: {{ lookup "v1" "Namespace" "" "payments" | len | quote }}
rules:
- apiGroups: [""]
  resources: [pods/exec]
  verbs: [create]
`

test('a chart is checked as Helm renders it, with its values and without asking a cluster', async () => {
  write('shop/Chart.yaml', 'apiVersion: v2\nname: shop\nversion: 1.0.0\n')
  write('shop/values.yaml', 'suffix: deployer\n')
  write('shop/templates/role.yaml', role)
  write(
    'shop/templates/secret.yaml',
    '{{- if lookup "v1" "Namespace" "" "payments" }}{{ fail "a cluster answered" }}{{ end }}',
  )
  const { code, out } = await check('shop', '--namespace', 'checkout', '--format', 'sarif', '--output', 'report.sarif')
  expect(out).toMatch(
    /^shop\/Chart\.yaml:\d+:\d+: Role checkout\/release-deployer \(rendered from shop\/templates\/role\.yaml\)$/m,
  )
  expect(out).toContain('medium[runs-commands-in-pods]')
  expect(code).toBe(1)
  const [{ results }] = JSON.parse(readFileSync(join(folder, 'report.sarif'), 'utf8')).runs
  expect(results[0].locations[0].physicalLocation.artifactLocation.uri).toBe('shop/templates/role.yaml')
})

test('a chart whose template fails, or that lacks a dependency, is an error with the reason that Helm names', async () => {
  write('broken/Chart.yaml', 'apiVersion: v2\nname: broken\nversion: 1.0.0\n')
  write('broken/templates/role.yaml', '{{ required "a suffix is needed" .Values.suffix }}\n')
  const broken = await check('broken')
  expect([broken.code, broken.out]).toEqual([
    2,
    expect.stringMatching(/not checked: helm failed: .*a suffix is needed/),
  ])
  const dependency = 'dependencies: [{name: other, version: 1.0.0, repository: "https://charts.example.com"}]'
  write('lacking/Chart.yaml', `apiVersion: v2\nname: lacking\nversion: 1.0.0\n${dependency}\n`)
  const lacking = await check('lacking')
  expect([lacking.code, lacking.out]).toEqual([2, expect.stringMatching(/not checked: helm failed: .*missing.*other/)])
})

test('Postern’s own chart needs values of its owner, and the check says so', async () => {
  const { code, out } = await check(join(checkout, 'deploy/chart'))
  expect([code, out]).toEqual([
    2,
    expect.stringMatching(/helm failed: .*install Postern into the namespace postern-system/),
  ])
})
