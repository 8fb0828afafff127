// Runs the commands that docs/check.md shows.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { checkText } from '#lib/core/check/checking.testing'
import { aConfiguration } from '#testing/configuration'
import { run } from './running.testing.ts'

const document = readFileSync(new URL('../docs/check.md', import.meta.url), 'utf8')
const blocks = (language: string) =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text = '']) => text)

const folder = mkdtempSync(join(tmpdir(), 'postern-docs-'))
afterAll(() => rmSync(folder, { recursive: true }))

const role = (name: string) =>
  `apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: ${name}\n  namespace: payments\nrules:\n- apiGroups: [""]\n  resources: [pods/exec]\n  verbs: [create]\n`

mkdirSync(join(folder, 'deploy'))
for (const [name, text] of Object.entries({
  'deploy/payments.yaml': role('deployer'),
  'rendered.yaml': role('rendered'),
  'roles.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [] }),
  'cluster-roles.yaml': role('there'),
  'postern.yaml': stringify(aConfiguration({})),
  'postern.test.yaml': '- name: nothing\n',
  'more.test.yaml': '- name: nothing\n',
}))
  writeFileSync(join(folder, name), text)

const commands = [...document.matchAll(/(?:npx postern|node \S+\/postern\.mjs) ((?:check|policy test)\b[^\n`|]*)/g)]
  .map(([, args = '']) => args.trim())
  .filter((args) => args !== 'check')

test.each([...new Set(commands)])('the command postern %s has the exit code of the page', async (args) => {
  const files = /^(deploy\/|[\w.-]+\.(yaml|json|sarif|xml))$/
  const words = args.split(/\s+/).map((word) => (files.test(word) ? join(folder, word) : word))
  const policy =
    args.startsWith('policy') && !args.includes('--policy') ? ['--policy', join(folder, 'postern.yaml')] : []
  const { code, err } = await run([...words, ...policy], role('rendered'))
  const isKnown = args.includes('--baseline') || args.includes('--fail-on high') || args.startsWith('policy')
  expect([code, err]).toEqual([isKnown ? 0 : 1, ''])
})

test('the report on the page is the report of the command', async () => {
  const { out } = await run(['check', join(folder, 'deploy/')])
  expect(out.replaceAll(`${folder}/`, '')).toContain(blocks('text')[0])
})

test('every option on the page exists', async () => {
  const helps = await Promise.all([run(['check', '--help']), run(['policy', 'test', '--help'])])
  const known = helps.map(({ out }) => out).join('')
  const named = new Set(
    [...document.matchAll(/(?<![\w-])--(?!omit|prefix|depth)[a-z][a-z-]+/g)].map(([option]) => option),
  )
  expect([...named].filter((option) => !known.includes(option))).toEqual([])
})

test('the workflows on the page are valid YAML, and its waivers work', () => {
  for (const text of blocks('yaml')) expect(parse(text)).toBeTypeOf('object')
  const waived = blocks('yaml').find((text) => text.includes('postern:waive')) ?? ''
  const { findings } = checkText(
    `${waived}rules: [{apiGroups: [""], resources: [pods/exec, pods/portforward], verbs: [create]}]\n`,
  )
  expect(findings.map(({ id, accepted }) => [id, accepted?.by])).toEqual([
    ['runs-commands-in-pods', 'waiver'],
    ['forwards-ports', 'waiver'],
  ])
})
