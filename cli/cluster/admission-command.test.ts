import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import { aConfiguration } from '#testing/configuration'
import { run } from '../running.testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-admission-'))
afterAll(() => rmSync(folder, { recursive: true }))
const policyFile = join(folder, 'postern.yaml')
const guardrails = [
  { name: 'no-delete', description: 'No deleting.', when: "rules.exists(r, 'delete' in r.verbs)", effect: 'deny' },
  { name: 'reason', description: 'Reasons.', when: "request.reason == ''", effect: 'deny' },
]
const [cluster] = aConfiguration().clusters
const configuration = aConfiguration({ guardrails })
writeFileSync(policyFile, stringify({ ...configuration, admission: { guardrails: { 'no-delete': 'deny' } } }))

const admission = (...args: string[]) => run(['cluster', 'admission', '--policy', policyFile, ...args])

test('the command writes every policy with its binding, and names the guardrails that it leaves out', async () => {
  const { code, out, err } = await admission('--cluster', 'prod-eu')
  expect([code, err]).toEqual([0, ''])
  const objects = parseAllDocuments(out).map((document) => document.toJS())
  const names = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy').map(({ metadata }) => metadata.name)
  expect(names).toEqual([
    ...['postern-worker', 'postern-grant-guardrails', 'postern-grant-objects', 'postern-grants-namespace'],
    ...['postern-grant-holders', 'postern-guardrail-only-namespaced', 'postern-guardrail-no-escalation'],
    ...[
      'postern-guardrail-no-service-accounts',
      'postern-guardrail-protected-namespaces',
      'postern-guardrail-no-delete',
    ],
  ])
  const actions = objects.flatMap(({ spec, metadata }) =>
    spec.policyName ? [[metadata.name, ...spec.validationActions]] : [],
  )
  expect(actions).toContainEqual(['postern-guardrail-no-delete', 'Deny'])
  expect(actions).toContainEqual(['postern-guardrail-no-escalation', 'Audit'])
  expect(actions).toHaveLength(names.length)
  expect(out).toContain('# Not enforced by the API server: reason. It depends on the request')
})

test('the same configuration gives the same bytes', async () => {
  expect((await admission()).out).toBe((await admission()).out)
})

test('with several clusters the command asks for one', async () => {
  const file = join(folder, 'two.yaml')
  writeFileSync(file, stringify({ ...configuration, clusters: [cluster, { ...cluster, name: 'other' }] }))
  const { code, err } = await run(['cluster', 'admission', '--policy', file])
  expect([code, err]).toEqual([2, 'error: The policy has 2 clusters. Choose one with --cluster.\n'])
  const unknown = await run(['cluster', 'admission', '--policy', file, '--cluster', 'othr'])
  expect([unknown.code, unknown.err]).toEqual([2, 'error: The policy has no cluster othr. Did you mean other?\n'])
})

test('the commands of docs/enforcement.md work', async () => {
  const document = readFileSync(new URL('../../docs/enforcement.md', import.meta.url), 'utf8')
  const commands = [...document.matchAll(/^npx postern (.*?)(?: > .*)?$/gm)].map(([, args = '']) => args)
  expect(commands.length).toBeGreaterThan(0)
  for (const args of commands) {
    const { code, err } = await run(args.split(' ').map((word) => (word === 'postern.yaml' ? policyFile : word)))
    expect([args, code, err]).toEqual([args, 0, ''])
  }
})
