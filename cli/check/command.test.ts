import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sarifSchema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' }
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { aConfiguration } from '#testing/configuration'
import { run, spawnPostern } from '../running.testing.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-check-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string | Buffer) {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}

/** Runs the check as if the working directory were the folder of the test. */
async function check(...args: string[]) {
  const isFile = (arg: string, index: number) =>
    /[./]|^\.$|^(m|empty|all)$/.test(arg) && !arg.startsWith('/') && !args[index - 1]?.startsWith('--cluster')
  const ran = await run(['check', ...args.map((arg, index) => (isFile(arg, index) ? join(folder, arg) : arg))])
  const relative = (text: string) => text.replaceAll(`${folder}/`, '').replaceAll(`file://${folder}/`, '')
  return { ...ran, out: relative(ran.out), err: relative(ran.err) }
}

const api = 'apiVersion: rbac.authorization.k8s.io/v1'
const role = (resource: string, verb: string, name = 'r') =>
  `${api}\nkind: Role\nmetadata:\n  name: ${name}\n  namespace: payments\nrules:\n- apiGroups: [""]\n  resources: [${resource}]\n  verbs: [${verb}]\n`

/** The published schema is draft 04. Ajv accepts it without the keys in which draft 04 differs. */
function sarifProblems(text: string) {
  const { $schema: _schema, id: _id, ...schema } = sarifSchema as Record<string, unknown>
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false })
  addFormats.default(ajv)
  const validate = ajv.compile(schema)
  return validate(JSON.parse(text)) ? [] : validate.errors
}

describe('the exit code', () => {
  test('the exit code is 0 without findings, 1 with findings, and 2 if some input could not be read', async () => {
    write('fine.yaml', role('configmaps', 'get'))
    write('exec.yaml', role('pods/exec', 'create'))
    write('broken.yaml', 'kind: Role\n  a: {\n')
    expect((await check('fine.yaml')).code).toBe(0)
    expect((await check('fine.yaml', 'exec.yaml')).code).toBe(1)
    expect((await check('fine.yaml', 'broken.yaml')).code).toBe(2)
    expect((await check('exec.yaml', 'broken.yaml')).code).toBe(2)
    expect((await check('exec.yaml', '--fail-on', 'high')).code).toBe(0)
  })

  test.each([
    [[]],
    [['--fail-on', 'severe', '.']],
    [['--nonsense', '.']],
    [['nowhere.yaml']],
    [['--cluster', 'x', '.']],
  ])('the arguments %j exit with 2 and a message', async (args) => {
    write('fine.yaml', role('configmaps', 'get'))
    const { code, out, err } = await check(...args)
    expect(code).toBe(2)
    expect(out + err).toMatch(/missing required argument|Allowed choices|unknown option|no such file|requires --policy/)
  })
})

test('the text report marks the source of a finding', async () => {
  write('exec.yaml', role('pods/exec', 'create'))
  const { out } = await check('exec.yaml')
  expect(out).toBe(`exec.yaml:9:11: Role payments/r
  8 |   resources: [pods/exec]
    |               ^^^^^^^^^
  9 |   verbs: [create]
    |           ^^^^^^
  medium[runs-commands-in-pods]: Can run commands in pods and read everything the pod can read, including its service account token.
      create pods/exec; persists after removal: a session that is open when the grant ends

Checked 1 role or binding in 1 document: 0 high, 1 medium, 0 low. Failed.
`)
})

describe('input', () => {
  test('every manifest in a directory is read once, in order of name, even with circular links', async () => {
    write('all/b/exec.yml', role('pods/exec', 'create', 'b'))
    write('all/a.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [] }))
    write('all/notes.txt', role('pods/exec', 'create', 'text'))
    write('all/node_modules/x.yaml', role('pods/exec', 'create', 'module'))
    symlinkSync('..', join(folder, 'all/b/loop'))
    symlinkSync('b', join(folder, 'all/c'))
    const { code, out } = await check('all')
    expect(out.match(/: Role payments\/\w+/g)).toEqual([': Role payments/b'])
    expect(code).toBe(1)
  })

  test('standard input is read, and empty input is an error', async () => {
    const helm = `---\n# Source: shop/templates/role.yaml\n${role('pods/exec', 'create')}`
    const { code, out } = await run(['check', '-'], helm)
    expect([code, out]).toEqual([
      1,
      expect.stringContaining('<stdin>:11:11: Role payments/r (rendered from shop/templates/role.yaml)'),
    ])
    expect(await run(['check', '-'])).toMatchObject({
      code: 2,
      out: expect.stringContaining('no input'),
    })
  })

  test('input must be UTF-8, with or without a byte order mark', async () => {
    write('bom.yaml', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(role('pods/exec', 'create'))]))
    write('latin.yaml', Buffer.from(`# caf\xe9\n${role('configmaps', 'get')}`, 'latin1'))
    write('utf16.yaml', Buffer.from(role('configmaps', 'get'), 'utf16le'))
    expect((await check('bom.yaml')).out).toContain('bom.yaml:9:11')
    const { code, out } = await check('latin.yaml', 'utf16.yaml')
    expect(code).toBe(2)
    expect(out).toContain('latin.yaml: not valid UTF-8')
    expect(out).toContain('utf16.yaml: not valid UTF-8')
  })

  test('dead links, circular links and empty directories are errors', async () => {
    mkdirSync(join(folder, 'm'))
    symlinkSync('self.yaml', join(folder, 'm/self.yaml'))
    symlinkSync('gone.yaml', join(folder, 'm/dead.yaml'))
    mkdirSync(join(folder, 'empty'))
    const { code, out } = await check('m', 'empty')
    expect(code).toBe(2)
    expect(out).toContain('m/self.yaml: too many levels of symbolic links')
    expect(out).toContain('m/dead.yaml: no such file')
    expect(out).toContain('empty: contains no .yaml, .yml or .json files')
  })

  test('a document with a line of a hundred million characters is refused, and the next one is checked', async () => {
    write('long.yaml', 'x: "')
    const piece = 'y'.repeat(1_000_000)
    for (let n = 0; n < 100; n++) appendFileSync(join(folder, 'long.yaml'), piece)
    appendFileSync(join(folder, 'long.yaml'), `"\n---\n${role('pods/exec', 'create')}`)
    const { code, out } = await check('long.yaml')
    expect(code).toBe(2)
    expect(out).toContain('long.yaml:1:1: the document is too long')
    expect(out).toContain('long.yaml:11:11: Role payments/r')
  })
})

describe('exclusions', () => {
  const tree = () => {
    for (const name of ['a.yaml', 'vendor/b.yaml', 'x/vendor/c.yaml', 'x/d.yaml', 'x/keep.yaml'])
      write(`m/${name}`, role('pods/exec', 'create', name.replace(/\W/g, '-')))
  }
  const checked = (out: string) => (out.match(/: Role payments\/\S+/g) ?? []).map((text) => text.slice(16))

  test.each([
    [['vendor/'], ['a-yaml', 'x-d-yaml', 'x-keep-yaml']],
    [['/vendor'], ['a-yaml', 'x-d-yaml', 'x-keep-yaml', 'x-vendor-c-yaml']],
    [
      ['x/*.yaml', '!keep.yaml'],
      ['a-yaml', 'vendor-b-yaml', 'x-keep-yaml', 'x-vendor-c-yaml'],
    ],
    [
      ['**/c.yaml', '# d.yaml', ''],
      ['a-yaml', 'vendor-b-yaml', 'x-d-yaml', 'x-keep-yaml'],
    ],
  ])('the patterns %j exclude what they exclude in a .gitignore', async (patterns, expected) => {
    tree()
    const options = patterns.flatMap((pattern) => ['--exclude', pattern])
    const given = await run(['check', join(folder, 'm'), ...options])
    expect(checked(given.out)).toEqual(expected)
    write('m/.posternignore', patterns.join('\n'))
    expect(checked((await check('m/.')).out)).toEqual(expected)
  })

  test('a .posternignore applies below its directory, and the report names what it excludes', async () => {
    tree()
    write('m/x/.posternignore', 'd.yaml\nvendor\n')
    const { out } = await check('m/.')
    expect(checked(out)).toEqual(['a-yaml', 'vendor-b-yaml', 'x-keep-yaml'])
    expect(out).toContain('note: excluded: m/x/d.yaml, m/x/vendor\n')
    expect(JSON.parse((await check('m/.', '--format', 'json')).out).excluded).toEqual(['m/x/d.yaml', 'm/x/vendor'])
  })
})

test('files of other programs are counted, and do not fail the check', async () => {
  write('m/.gitlab-ci.yml', 'Role:\n- !reference [.setup, script]\n')
  write('m/stack.yaml', 'Role: !Sub x\n')
  write('m/fine.yaml', role('configmaps', 'get'))
  const { code, out } = await check('m/.')
  expect([code, out]).toEqual([0, expect.stringContaining('note: 2 other files without Kubernetes objects\n')])
  expect(JSON.parse((await check('m/.', '--format', 'json')).out).summary).toMatchObject({ otherFiles: 2, objects: 1 })
})

describe('charts and kustomizations', () => {
  const trees = () => {
    write('m/chart/Chart.yaml', 'apiVersion: v2\nname: chart\nversion: 1.0.0\n')
    write('m/chart/templates/role.yaml', '{{- include "role" . }}\nkind: Role\n')
    write('m/library/Chart.yaml', 'apiVersion: v2\ntype: library\nname: library\nversion: 1.0.0\n')
    write('m/base/kustomization.yaml', 'resources: [role.yaml]\n')
    write('m/base/role.yaml', role('pods/exec', 'create'))
    write('m/prod/kustomization.yaml', 'resources: [../base]\n')
    write('m/plain.yaml', role('configmaps', 'get'))
  }
  /** A folder with one program, which prints its arguments, what it may use, and then a role. */
  const programs = (name: string, script: string) => {
    write(`bin/${name}`, `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, `bin/${name}`), 0o755)
    return { PATH: join(folder, 'bin') }
  }
  const checkWith = (env: Record<string, string>, ...args: string[]) =>
    spawnPostern(['check', 'm', ...args], { cwd: folder, env: { FORCE_COLOR: '0', ...env } })

  test('without the programs, charts and kustomizations are errors that say so, once for each root', async () => {
    trees()
    const { code, out } = await checkWith({ PATH: join(folder, 'none') })
    expect(code).toBe(2)
    expect(out.match(/^error: .*/gm)).toEqual([
      'error: m/chart/Chart.yaml: not checked: helm is not installed',
      'error: m/prod/kustomization.yaml: not checked: neither kustomize nor kubectl is installed',
    ])
    expect(out).toContain('Checked 1 role or binding')
    const excluded = await checkWith(
      { PATH: join(folder, 'none') },
      '--exclude',
      'chart/',
      '--exclude',
      'kustomization.yaml',
    )
    expect([excluded.code, excluded.out]).toEqual([1, expect.stringContaining('m/base/role.yaml:9:11')])
  })

  // helm.cluster.test.ts and kustomize.cluster.test.ts render with the real programs.
  test('a program that renders gets no credentials, no other programs and no network', async () => {
    trees()
    const shown = programs('helm', 'echo "$* $HTTPS_PROXY [$PATH] [$SECRET] [$KUBECONFIG]" >&2; exit 1')
    const excluded = ['--exclude', 'prod/', '--exclude', 'base/']
    const { code, out } = await checkWith({ ...shown, SECRET: 'secret' }, ...excluded, '--namespace', 'shop')
    expect(code).toBe(2)
    expect(out).toMatch(
      /m\/chart\/Chart.yaml: not checked: helm failed: template release chart --namespace shop http:\/\/127.0.0.1:9 \[\] \[\] \[\S+none\]/,
    )
  })

  test('a failed rendering is an error, whatever was printed before', async () => {
    trees()
    const env = programs('kubectl', `echo '{}'; printf 'x\\033[2J\\nerror: no such base' >&2; exit 1`)
    const { code, out } = await checkWith(env, '--exclude', 'chart/')
    expect([code, out]).toEqual([
      2,
      expect.stringContaining('error: m/prod/kustomization.yaml: not checked: kubectl failed: no such base\n'),
    ])
  })
})

describe('a hostile name', () => {
  const controlEscape = String.fromCharCode(27)
  const hostile = `"\\e]0;gone\\a\\e[2J\\u202Er<script>&\\n::error::x"`

  test('control characters and hidden characters are shown as code points in every report', async () => {
    const file = `${controlEscape}[31mred.yaml`
    write(file, role('pods/exec', 'create', hostile))
    for (const format of ['text', 'json', 'sarif', 'junit']) {
      const { out, err } = await check(file, '--format', format)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is the point
      expect(out + err, format).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
      expect(out, format).not.toMatch(/^::/m)
      expect(out, format).toContain('gone')
    }
    const { out } = await check(file)
    expect(out).toContain('[U+001B]]0;gone[U+0007]')
    expect((await check(file, '--format', 'junit')).out).toContain('[U+202E]r&lt;script&gt;&amp;')
  })
})

describe('reports', () => {
  const waiver = '# postern:waive runs-commands-in-pods until 2999-12-31: why\n'
  const everything = () => {
    write('a b/exec.yaml', `${waiver}${role('pods/exec', 'create')}---\n${role('secrets', '"*"', 'all')}`)
    write('broken.yaml', 'kind: Role\n  a: {\n')
  }

  test('SARIF satisfies the published schema, with files, places, waivers and errors', async () => {
    everything()
    const { code, out } = await spawnPostern(['check', '.', '--format', 'sarif'], { cwd: folder })
    expect(sarifProblems(out)).toEqual([])
    expect(code).toBe(2)
    const [sarifRun] = JSON.parse(out).runs
    expect(sarifRun.invocations[0]).toMatchObject({ executionSuccessful: false })
    expect(sarifRun.results[0]).toMatchObject({
      ruleId: 'runs-commands-in-pods',
      level: 'warning',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'a%20b/exec.yaml' },
            region: { startLine: 10, startColumn: 11, endColumn: 17 },
          },
        },
      ],
      suppressions: [{ kind: 'inSource', justification: 'why (until 2999-12-31)' }],
    })
    expect(sarifRun.results[0].partialFingerprints['postern/v1']).toMatch(/^[0-9a-f]{32}$/)
    expect(sarifProblems('{"version":"2.1.0","runs":[{"results":[]}]}')).not.toEqual([])
  })

  test('SARIF satisfies the published schema for standard input, absolute paths and no findings', async () => {
    write('fine.yaml', role('configmaps', 'get'))
    for (const args of [[join(folder, 'fine.yaml')], ['../nowhere.yaml'], ['fine.yaml']]) {
      expect(sarifProblems((await check(...args, '--format', 'sarif')).out)).toEqual([])
    }
    const { out } = await run(['check', '-', '--format', 'sarif'], role('pods/exec', 'create'))
    expect(sarifProblems(out)).toEqual([])
  })

  test('JUnit has a case for each object, and an error for each part that could not be read', async () => {
    everything()
    const { out } = await check('.', '--format', 'junit')
    expect(out).toContain('<testsuites name="postern" tests="3" failures="1" errors="1" skipped="0">')
    expect(out).toContain('<testcase name="Role payments/r" classname="a b/exec.yaml" file="a b/exec.yaml"/>')
    expect(out).toMatch(/<testcase name="line 1"[^>]*>\n {6}<error message="invalid YAML/)
  })

  test('what may grant permissions and was not read is in every report, and an error with --strict', async () => {
    const text = '|\n    apiVersion: rbac.authorization.k8s.io/v1\n    kind: Role\n    metadata: {name: {{ .name }}}'
    write('roles.yaml', `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  role.yaml: ${text}\n`)
    const reports = async (...options: string[]) => {
      const run = (format: string) => check('roles.yaml', '--format', format, ...options)
      const [text, json, sarif, junit] = [await run('text'), await run('json'), await run('sarif'), await run('junit')]
      expect(sarifProblems(sarif.out)).toEqual([])
      const [{ invocations }] = JSON.parse(sarif.out).runs
      return { codes: [text, json, sarif, junit].map(({ code }) => code), text, json, invocations, junit }
    }
    const usual = await reports()
    expect(usual.codes).toEqual([0, 0, 0, 0])
    expect(usual.text.out).toContain('note: not read: roles.yaml:')
    expect(JSON.parse(usual.json.out)).toMatchObject({ exitCode: 0, notRead: [{ file: 'roles.yaml' }] })
    expect(usual.invocations).toMatchObject([
      { executionSuccessful: true, toolExecutionNotifications: [{ level: 'note' }] },
    ])
    expect(usual.junit.out).toContain('tests="1" failures="0" errors="0" skipped="1">')
    expect(usual.junit.out).toMatch(/<testcase name="line \d+, column \d+"[^>]*>\n {6}<skipped message="a text that/)
    const strict = await reports('--strict')
    expect(strict.codes).toEqual([2, 2, 2, 2])
    expect(strict.text.out).toContain('Failed: with --strict, everything must be read.')
    expect(JSON.parse(strict.json.out)).toMatchObject({ exitCode: 2, notRead: [{ file: 'roles.yaml' }] })
    expect(strict.invocations).toMatchObject([
      { executionSuccessful: false, toolExecutionNotifications: [{ level: 'error' }] },
    ])
    expect(strict.junit.out).toContain('tests="1" failures="0" errors="1" skipped="0">')
    write('fine.yaml', role('configmaps', 'get'))
    expect((await check('.', '--strict')).code).toBe(2)
    expect((await check('.', '--strict', '--exclude', '/roles.yaml')).code).toBe(0)
  })

  test('the report is written to a file, and the text to the terminal', async () => {
    everything()
    const { out } = await check('.', '--format', 'json', '--output', 'report.json')
    expect(out).toContain('high[makes-lasting-tokens]')
    expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toMatchObject({ version: 1, exitCode: 2 })
    expect((await check('.', '--format', 'json', '--output', 'no/where.json')).code).toBe(2)
  })
})

describe('a policy', () => {
  const policy = () =>
    write(
      'postern.yaml',
      stringify(
        aConfiguration({
          guardrailPack: { 'no-wildcards-in-prod': true },
          guardrails: [{ name: 'short', description: 'Short.', effect: 'limit', limit: { maxDuration: 'PT1H' } }],
        }),
      ),
    )
  const wildcards = `${role('configmaps', '"*"')}`

  test('the guardrails of a policy are evaluated for every cluster, or for those of the command line', async () => {
    policy()
    write('role.yaml', wildcards)
    const args = ['role.yaml', '--fail-on', 'high', '--policy', 'postern.yaml']
    expect((await check(...args)).out).toContain(
      "high[no-wildcards-in-prod]: Guardrail: Wildcards aren't allowed in production",
    )
    expect((await check(...args, '--cluster-label', 'environment=dev')).code).toBe(0)
    expect((await check(...args, '--cluster-label', 'environment=prod')).code).toBe(1)
    expect(await check(...args, '--cluster', 'prod-ue')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Did you mean prod-eu?'),
    })
  })

  test('the risks of extensions are findings with a reason, and so are those that a policy adds', async () => {
    const roleFor = (group: string, resource: string) =>
      `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: shop}
rules:
- {apiGroups: [${group}], resources: [${resource}], verbs: [create]}
`
    write('known.yaml', roleFor('operators.coreos.com', 'subscriptions'))
    write('own.yaml', roleFor('jobs.example.com', 'batchruns'))
    write(
      'postern.yaml',
      stringify(
        aConfiguration({
          risks: [
            {
              group: 'jobs.example.com',
              resources: ['batchruns'],
              verbs: ['create'],
              leadsTo: 'runs-programs',
              why: 'runs any image as batch-admin',
              severity: 'high',
            },
          ],
        }),
      ),
    )
    const known = await check('known.yaml')
    expect(known.out).toContain('high[installs-extensions]: Can install or reconfigure extensions')
    expect(known.out).toContain('create subscriptions (OLM installs operators with the roles that they bring')
    expect((await check('own.yaml')).code).toBe(0)
    const own = await check('own.yaml', '--policy', 'postern.yaml')
    expect([own.code, own.out]).toEqual([1, expect.stringContaining('high[runs-programs]')])
    expect(own.out).toContain('create batchruns (runs any image as batch-admin)')
    // The places of the verb and of the resource, not of the whole rule.
    expect(own.out).toContain('own.yaml:5:')
  })

  test('guardrails that do not apply to manifests are listed', async () => {
    policy()
    write('role.yaml', role('configmaps', 'get'))
    const { code, out } = await spawnPostern(['check', 'role.yaml'], {
      cwd: folder,
      env: { POSTERN_CONFIG: 'postern.yaml' },
    })
    expect(out).toContain('note: guardrails that do not apply to manifests: short (limits duration or hours)')
    expect(code).toBe(0)
  })

  test('a policy of guardrails alone is evaluated, and needs to be told about the cluster if it depends on it', async () => {
    write('guardrails.yaml', 'guardrails:\n- {name: none, description: None., effect: deny, when: rules.size() > 0}\n')
    write('role.yaml', role('configmaps', 'get'))
    const args = ['role.yaml', '--policy', 'guardrails.yaml']
    expect(await check(...args)).toMatchObject({ code: 1, out: expect.stringContaining('high[none]') })
    write('guardrails.yaml', 'guardrailPack: {no-wildcards-in-prod: true}\n')
    write('role.yaml', wildcards)
    expect(await check(...args)).toMatchObject({ code: 2, err: expect.stringContaining('--cluster-label KEY=VALUE') })
    expect((await check(...args, '--cluster-label', 'environment=prod')).out).toContain('high[no-wildcards-in-prod]')
  })

  test('a ClusterRole for nodes does not violate only-namespaced, and a Role for nodes does', async () => {
    write('guardrails.yaml', 'guardrailPack: {}\n')
    const nodes = `${role('nodes', 'get')}---\n${role('nodes', 'get', 'c').replace('kind: Role', 'kind: ClusterRole')}`
    write('role.yaml', nodes)
    const { out } = await check('role.yaml', '--policy', 'guardrails.yaml')
    expect(out.match(/^(\S+: \w+)|high\[only-namespaced\]/gm)).toEqual(['role.yaml:4:9: Role', 'high[only-namespaced]'])
  })

  test('an invalid policy is an error', async () => {
    write('postern.yaml', 'clusters: []\n')
    write('role.yaml', role('configmaps', 'get'))
    const { code, err } = await check('role.yaml', '--policy', 'postern.yaml')
    expect([code, err]).toEqual([2, expect.stringMatching(/^error: The policy is invalid:\npostern\.yaml:1:/)])
  })
})

test('with a baseline of the current findings, only new findings fail', async () => {
  write('exec.yaml', role('pods/exec', 'create'))
  expect((await check('exec.yaml', '--baseline', 'known.json')).code).toBe(2)
  expect((await check('exec.yaml', '--baseline', 'known.json', '--update-baseline')).code).toBe(0)
  expect(await check('exec.yaml', '--baseline', 'known.json')).toMatchObject({
    code: 0,
    out: expect.stringContaining('baseline: 1 known finding'),
  })
  write('exec.yaml', role('pods/exec, pods/attach', 'create'))
  expect((await check('exec.yaml', '--baseline', 'known.json')).code).toBe(1)
})

test('a file without read permission is an error', async () => {
  write('secret.yaml', role('configmaps', 'get'))
  chmodSync(join(folder, 'secret.yaml'), 0)
  const { code, out } = await check('secret.yaml')
  // Root can read every file.
  if (process.getuid?.() === 0) expect(code).toBe(0)
  else expect([code, out]).toEqual([2, expect.stringContaining('secret.yaml: permission denied')])
})
