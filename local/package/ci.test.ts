// Runs the commands of deploy/ci from the packed package, as GitHub and GitLab do.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { buildPackage } from './build.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-ci-'))
afterAll(() => rmSync(folder, { recursive: true }))

const ci = new URL('../../deploy/ci/', import.meta.url)
const built = join(folder, 'built')
await buildPackage(built)
await promisify(execFile)('npm', ['pack', '--pack-destination', folder], { cwd: built })
const archive = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '')

const role = (resource: string, verb = 'create') =>
  `apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: one, namespace: payments}\n` +
  `rules: [{apiGroups: [""], resources: [${resource}], verbs: [${verb}]}]\n`
const policy = 'guardrails: []\n'
const failingCase = '- name: a shell\n  expect: { violations: [no-shells] }\n'

type Files = Record<string, string>

/** A workspace with these files, and what its jobs write. */
function aWorkspace(files: Files): string {
  const workspace = mkdtempSync(join(folder, 'job-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(workspace, name)), { recursive: true })
    writeFileSync(join(workspace, name), text)
  }
  return workspace
}

type Ran = { code: number; out: string }

/** NB: npm answers from its cache only, so nothing is downloaded. */
const shell = (program: string, args: string[], cwd: string, env: Record<string, string>): Promise<Ran> =>
  new Promise((resolve) => {
    const all = {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: folder,
      npm_config_offline: 'true',
      ...env,
    }
    execFile(program, args, { cwd, env: all as unknown as NodeJS.ProcessEnv }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out: out + err }),
    )
  })

type Step = { name: string; run?: string; env?: Record<string, string> }
type Action = { inputs: Record<string, { default?: string }>; runs: { steps: Step[] } }
const action = parse(readFileSync(new URL('github/action.yml', ci), 'utf8')) as Action

/** Runs the shell steps of the action, and goes on after a failure as `!cancelled()` does. */
async function github(files: Files, given: Record<string, string>) {
  const workspace = aWorkspace(files)
  const temp = mkdtempSync(join(folder, 'runner-'))
  const filled = (text: string) =>
    text.replace(
      /\$\{\{ inputs\.([a-z-]+) \}\}/,
      (_, name: string) => given[name] ?? action.inputs[name]?.default ?? '',
    )
  const ran: Record<string, Ran> = {}
  for (const { name, run, env = {} } of action.runs.steps) {
    if (!run) continue
    const values = Object.fromEntries(Object.entries(env).map(([key, text]) => [key, filled(text)]))
    if (name === 'Test the policy' && values.POLICY === '') continue
    ran[name] = await shell('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run], workspace, {
      RUNNER_TEMP: temp,
      ...values,
    })
  }
  return { ran, sarif: JSON.parse(readFileSync(join(temp, 'postern.sarif'), 'utf8')) }
}

test('the action fails on a finding and on a failed test case, with an annotation at each place and in SARIF', async () => {
  const files = { 'deploy/a role.yaml': role('pods/exec'), 'postern.yaml': policy, 'postern.test.yaml': failingCase }
  const { ran, sarif } = await github(files, { package: archive, paths: 'deploy', policy: 'postern.yaml' })
  expect(ran['Install postern']?.code, ran['Install postern']?.out).toBe(0)
  expect(ran['Check manifests']).toEqual({
    code: 1,
    out: expect.stringMatching(
      /^::error file=deploy\/a role\.yaml,line=4,col=\d+,title=medium%3A runs-commands-in-pods::Role payments\/one: Can run commands/m,
    ),
  })
  expect(ran['Test the policy']).toEqual({
    code: 1,
    out: '::error file=postern.test.yaml,line=1,col=3,title=a shell::violations: expected no-shells, got none\n',
  })
  expect(sarif.runs[0].results.map(({ ruleId }: { ruleId: string }) => ruleId)).toContain('runs-commands-in-pods')
})

test('the action passes without findings, and without a policy it runs no test cases', async () => {
  const { ran, sarif } = await github({ 'role.yaml': role('pods', 'get') }, { package: archive })
  expect(Object.entries(ran).map(([name, { code }]) => [name, code])).toEqual([
    ['Install postern', 0],
    ['Check manifests', 0],
  ])
  expect(sarif.runs[0].results).toEqual([])
})

test('a name in a manifest can neither write a workflow command nor an option', async () => {
  const evil = role('pods/exec').replace('name: one', 'name: "x\\n::set-output name=a::b%0A::error::c"')
  const { ran } = await github({ '--fail-on=high.yaml': evil }, { package: archive, paths: '--fail-on=high.yaml' })
  expect(ran['Check manifests']?.code).toBe(1)
  const commands = ran['Check manifests']?.out.split('\n').filter((line) => line.startsWith('::')) ?? []
  expect(commands.map((line) => line.slice(0, 20))).toEqual(commands.map(() => '::error file=--fail-'))
  expect(ran['Check manifests']?.out).toContain('%250A')
})

type Job = { variables: Record<string, string>; script: string[] }
type Template = [{ spec: { inputs: Record<string, { default?: string }> } }, { postern: Job }]

test('the template fails on a finding and on a failed test case, with a report of each for GitLab', async () => {
  const text = readFileSync(new URL('gitlab/postern.yml', ci), 'utf8')
  const [head, body] = parseAllDocuments(text).map((document) => document.toJS()) as Template
  const run = async (files: Files, given: Record<string, string>) => {
    const workspace = aWorkspace(files)
    const filled = (value: string) =>
      value.replace(
        /\$\[\[ inputs\.([a-z-]+) \]\]/,
        (_, name: string) => given[name] ?? head.spec.inputs[name]?.default ?? '',
      )
    const variables = Object.fromEntries(
      Object.entries(body.postern.variables).map(([key, value]) => [key, filled(value)]),
    )
    const codes: number[] = []
    for (const line of body.postern.script) codes.push((await shell('sh', ['-ec', line], workspace, variables)).code)
    return { codes, reports: readdirSync(workspace).filter((name) => name.endsWith('.xml')) }
  }
  const files = { 'role.yaml': role('pods/exec'), 'postern.yaml': policy, 'postern.test.yaml': failingCase }
  expect(await run(files, { package: archive, paths: 'role.yaml', policy: 'postern.yaml' })).toEqual({
    codes: [0, 1, 1],
    reports: ['postern-policy.xml', 'postern.xml'],
  })
  expect(await run({ 'role.yaml': role('pods', 'get') }, { package: archive })).toEqual({
    codes: [0, 0, 0],
    reports: ['postern.xml'],
  })
})
