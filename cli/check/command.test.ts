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
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { aConfiguration } from '#testing/configuration'
import { run, spawnPostern } from '../running.testing.ts'

// Some start the command as a process, which compiles it first; the published schema of SARIF takes a while, too.
vi.setConfig({ testTimeout: 60_000 })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-check-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string | Buffer) {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}

/** Arguments that are files of the folder stand there; what is said of them is as if the check ran there. */
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

/** The published schema is of draft 04, of which Ajv needs to know no more than where the name of a schema stands. */
function sarifProblems(text: string) {
  const { $schema: _schema, id: _id, ...schema } = sarifSchema as Record<string, unknown>
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false })
  addFormats.default(ajv)
  const validate = ajv.compile(schema)
  return validate(JSON.parse(text)) ? [] : validate.errors
}

describe('the exit code', () => {
  test('is 0 where nothing was found, 1 where something was, 2 where something could not be read', async () => {
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
    [['--fail-on', 'grave', '.']],
    [['--nonsense', '.']],
    [['nowhere.yaml']],
    [['--cluster', 'x', '.']],
  ])('of %j is 2, and what is wrong is said', async (args) => {
    write('fine.yaml', role('configmaps', 'get'))
    const { code, out, err } = await check(...args)
    expect(code).toBe(2)
    expect(out + err).toMatch(/missing required argument|Allowed choices|unknown option|no such file|needs a policy/)
  })
})

test('the text shows the words with a mark under them', async () => {
  write('exec.yaml', role('pods/exec', 'create'))
  const { out } = await check('exec.yaml')
  expect(out).toBe(`exec.yaml:9:11: Role payments/r
  8 |   resources: [pods/exec]
    |               ^^^^^^^^^
  9 |   verbs: [create]
    |           ^^^^^^
  medium[runs-commands-in-pods]: Can run commands in pods and read everything the pod can read, including its service account token.
      create pods/exec; stays when this is taken away: a session that is open when the grant ends

1 role or binding in 1 document: 0 high, 1 medium, 0 low. Failed.
`)
})

describe('what is read', () => {
  test('is every manifest of a folder, in the order of names, each once, whatever links lead there', async () => {
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

  test('comes from standard input, and nothing coming in is no success', async () => {
    const helm = `---\n# Source: shop/templates/role.yaml\n${role('pods/exec', 'create')}`
    const { code, out } = await run(['check', '-'], helm)
    expect([code, out]).toEqual([
      1,
      expect.stringContaining('<stdin>:11:11: Role payments/r (made from shop/templates/role.yaml)'),
    ])
    expect(await run(['check', '-'])).toMatchObject({
      code: 2,
      out: expect.stringContaining('nothing came in'),
    })
  })

  test('is UTF-8, with or without a mark at its beginning', async () => {
    write('bom.yaml', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(role('pods/exec', 'create'))]))
    write('latin.yaml', Buffer.from(`# caf\xe9\n${role('configmaps', 'get')}`, 'latin1'))
    write('utf16.yaml', Buffer.from(role('configmaps', 'get'), 'utf16le'))
    expect((await check('bom.yaml')).out).toContain('bom.yaml:9:11')
    const { code, out } = await check('latin.yaml', 'utf16.yaml')
    expect(code).toBe(2)
    expect(out).toContain('latin.yaml: must be UTF-8')
    expect(out).toContain('utf16.yaml: must be UTF-8')
  })

  test('or is told: links that lead nowhere or to themselves, an empty folder', async () => {
    mkdirSync(join(folder, 'm'))
    symlinkSync('self.yaml', join(folder, 'm/self.yaml'))
    symlinkSync('gone.yaml', join(folder, 'm/dead.yaml'))
    mkdirSync(join(folder, 'empty'))
    const { code, out } = await check('m', 'empty')
    expect(code).toBe(2)
    expect(out).toContain('m/self.yaml: is a symbolic link that leads back to itself')
    expect(out).toContain('m/dead.yaml: there is no such file')
    expect(out).toContain('empty: holds no .yaml, .yml or .json file')
  })

  test('may be a line of a hundred million characters: that document is refused, the next one judged', async () => {
    write('long.yaml', 'x: "')
    const piece = 'y'.repeat(1_000_000)
    for (let n = 0; n < 100; n++) appendFileSync(join(folder, 'long.yaml'), piece)
    appendFileSync(join(folder, 'long.yaml'), `"\n---\n${role('pods/exec', 'create')}`)
    const { code, out } = await check('long.yaml')
    expect(code).toBe(2)
    expect(out).toContain('long.yaml:1:1: this document is too long')
    expect(out).toContain('long.yaml:11:11: Role payments/r')
  })
})

describe('a name that is not what it seems', () => {
  const controlEscape = String.fromCharCode(27)
  const hostile = `"\\e]0;gone\\a\\e[2J\\u202Er<script>&\\n::error::x"`

  test('is shown as its code points, and steers no terminal, page or log', async () => {
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

  test('in SARIF are valid by the published schema, and name files, places, what was waived and what was not read', async () => {
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

  test('in SARIF are valid for standard input, absolute paths and nothing at all', async () => {
    write('fine.yaml', role('configmaps', 'get'))
    for (const args of [[join(folder, 'fine.yaml')], ['../nowhere.yaml'], ['fine.yaml']]) {
      expect(sarifProblems((await check(...args, '--format', 'sarif')).out)).toEqual([])
    }
    const { out } = await run(['check', '-', '--format', 'sarif'], role('pods/exec', 'create'))
    expect(sarifProblems(out)).toEqual([])
  })

  test('in JUnit have a case for each object, failed or not, and an error for what was not read', async () => {
    everything()
    const { out } = await check('.', '--format', 'junit')
    expect(out).toContain('<testsuites name="postern" tests="3" failures="1" errors="1">')
    expect(out).toContain('<testcase name="Role payments/r" classname="a b/exec.yaml" file="a b/exec.yaml"/>')
    expect(out).toMatch(/<testcase name="line 1"[^>]*>\n {6}<error message="it is not valid YAML/)
  })

  test('go to a file beside the text of the terminal', async () => {
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

  test('is judged by in every cluster, else in those that are named or described', async () => {
    policy()
    write('role.yaml', wildcards)
    const args = ['role.yaml', '--fail-on', 'high', '--policy', 'postern.yaml']
    expect((await check(...args)).out).toContain('high[no-wildcards-in-prod]: Guardrail: No wildcards in production')
    expect((await check(...args, '--cluster-label', 'environment=dev')).code).toBe(0)
    expect((await check(...args, '--cluster-label', 'environment=prod')).code).toBe(1)
    expect(await check(...args, '--cluster', 'prod-ue')).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean prod-eu?'),
    })
  })

  test('says what of it no manifest can be judged by', async () => {
    policy()
    write('role.yaml', role('configmaps', 'get'))
    const { code, out } = await spawnPostern(['check', 'role.yaml'], {
      cwd: folder,
      env: { POSTERN_CONFIG: 'postern.yaml' },
    })
    expect(out).toContain('guardrails that no manifest can be judged by: short (it is about how long or when)')
    expect(code).toBe(0)
  })

  test('that is wrong judges nothing', async () => {
    write('postern.yaml', 'clusters: []\n')
    write('role.yaml', role('configmaps', 'get'))
    const { code, err } = await check('role.yaml', '--policy', 'postern.yaml')
    expect([code, err]).toEqual([2, expect.stringMatching(/^The policy is refused:\npostern\.yaml:1:/)])
  })
})

test('a baseline takes what is there now, and from then on only what is new fails', async () => {
  write('exec.yaml', role('pods/exec', 'create'))
  expect((await check('exec.yaml', '--baseline', 'known.json')).code).toBe(2)
  expect((await check('exec.yaml', '--baseline', 'known.json', '--update-baseline')).code).toBe(0)
  expect(await check('exec.yaml', '--baseline', 'known.json')).toMatchObject({
    code: 0,
    out: expect.stringContaining('known by the baseline: 1 finding'),
  })
  write('exec.yaml', role('pods/exec, pods/attach', 'create'))
  expect((await check('exec.yaml', '--baseline', 'known.json')).code).toBe(1)
})

test('a file that may not be read is told', async () => {
  write('secret.yaml', role('configmaps', 'get'))
  chmodSync(join(folder, 'secret.yaml'), 0)
  const { code, out } = await check('secret.yaml')
  // Whoever is root may read everything.
  if (process.getuid?.() === 0) expect(code).toBe(0)
  else expect([code, out]).toEqual([2, expect.stringContaining('secret.yaml: may not be read')])
})
