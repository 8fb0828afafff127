// Installs the package into an empty folder and runs it there, as someone without a checkout does. So does the single executable.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { aConfiguration } from '#testing/configuration'
import { buildPackage } from './build.ts'
import { buildExecutables, makeBlob, ownPlatform, platforms, sentinelFuse, signaturesOf } from './executable.ts'

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
const install = ['install', '--offline', '--omit=optional', '--no-audit', '--no-fund', join(folder, archive)]
await execute('npm', install, { cwd: home })

writeFileSync(
  join(home, 'role.yaml'),
  'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a, namespace: payments}\n' +
    'rules: [{apiGroups: [""], resources: [pods/exec], verbs: [create]}]\n',
)
writeFileSync(join(home, 'postern.yaml'), stringify(aConfiguration()))

type Ran = { code: number; out: string; err: string }

const runProgram = (program: string, args: string[], env: Record<string, string>): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(program, args, { cwd: home, env: env as unknown as NodeJS.ProcessEnv }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    )
  })

/** Runs the installed program with this Node.js. */
const run = (node: string, ...args: string[]): Promise<Ran> =>
  runProgram(node, [join(home, 'node_modules/postern/launcher.js'), ...args], {
    PATH: process.env.PATH ?? '',
    HOME: home,
  })

const nodes = [process.execPath, ...['/usr/bin/node', '/usr/local/bin/node'].filter(existsSync).slice(0, 1)]

test('the package needs no other package, and its programs are on the path of its folder', () => {
  expect(readdirSync(join(home, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['postern'])
  expect(readdirSync(join(home, 'node_modules/.bin')).sort()).toEqual([
    ...['kubectl-postern', 'kubectl_complete-postern', 'postern'],
  ])
})

test('help and advice name the program as it was called', async () => {
  for (const [file, name] of [
    ['postern', 'postern'],
    ['kubectl-postern', 'kubectl postern'],
  ] as const) {
    const called = (...args: string[]) =>
      runProgram(process.execPath, [join(home, 'node_modules/.bin', file), ...args], { PATH: '', HOME: home })
    expect((await called('--help')).out).toMatch(new RegExp(`^Usage: ${name} `))
    expect((await called('ls')).err).toContain(`\nRun: ${name} login `)
    expect((await called('show', 'x', '--context', 'y')).err).toContain(`Run: ${name} login --context y URL`)
  }
})

test.each(nodes)('without a checkout, %s runs every kind of command of the package', async (node) => {
  expect(await run(node, '--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  expect(await run(node, 'check', 'role.yaml', '--policy', 'postern.yaml')).toMatchObject({ code: 1, err: '' })
  for (const format of ['json', 'sarif', 'junit']) {
    expect(await run(node, 'check', 'role.yaml', '--format', format)).toMatchObject({ code: 1, err: '' })
  }
  expect((await run(node, 'check', 'absent.yaml')).code).toBe(2)
})

test('the only package that it names is the one for the keyring, in the version of the lock file, and no copy of it is inside', () => {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(built, 'package.json'), 'utf8'))
  const { version } = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages['node_modules/@napi-rs/keyring']
  expect([dependencies, optionalDependencies]).toEqual([undefined, { '@napi-rs/keyring': version }])
  const chunks = readdirSync(join(built, 'chunks')).map((name) => readFileSync(join(built, 'chunks', name), 'utf8'))
  expect(chunks.filter((text) => text.includes('@napi-rs/keyring')).map((text) => text.includes('.node'))).toEqual([
    false,
  ])
})

test('a command reads only its own files of the package, and --version reads no library but that for arguments', async () => {
  const hook = join(folder, 'print-files.mjs')
  writeFileSync(
    hook,
    `import { writeSync } from 'node:fs'
    import { registerHooks } from 'node:module'
    registerHooks({ load(url, context, next) {
      const loaded = next(url, context)
      if (url.startsWith('file:')) writeSync(2, JSON.stringify([url.split('/').at(-1), loaded.source.length]) + '\\n')
      return loaded
    } })`,
  )
  const read = async (...args: string[]): Promise<[file: string, bytes: number][]> => {
    const program = join(home, 'node_modules/postern/launcher.js')
    const { stderr } = await execute(process.execPath, ['--import', hook, program, ...args], { cwd: home })
    return stderr.split('\n').flatMap((line) => (line.startsWith('[') ? [JSON.parse(line)] : []))
  }
  const files = await read('--version')
  expect(files.map(([file]) => file)).toContain('commander.js')
  expect(
    files.reduce((sum, [, bytes]) => sum + bytes, 0),
    JSON.stringify(files),
  ).toBeLessThan(80_000)
  for (const args of [
    ['mcp', '--help'],
    ['check', 'role.yaml', '--fail-on', 'high'],
    ['completion', 'bash'],
  ])
    expect(
      (await read(...args)).map(([file]) => file),
      args.join(' '),
    ).not.toContain('serve.js')
})

const platform = ownPlatform()
if (!platform) process.stderr.write('NOT CHECKED: the single executable. This is neither Linux on x64 nor on arm64\n')

test('two builds of the program in the single executable are the same bytes', async () => {
  const [first, second] = await Promise.all(
    ['one', 'other'].map((name) => makeBlob(mkdtempSync(join(folder, `${name}-`)))),
  )
  expect(second?.equals(first ?? Buffer.of())).toBe(true)
})

test('the executable for Windows is an unsigned 64-bit program of at most 120 MB with the program inside, and names its checksum', async () => {
  const scratch = mkdtempSync(join(folder, 'windows-'))
  const windows = platforms.filter(({ os }) => os === 'windows')
  const [built] = await buildExecutables(scratch, windows)
  const { file = '', sha256 } = built ?? {}
  expect(readFileSync(`${file}.sha256`, 'utf8')).toBe(`${sha256}  postern-windows-amd64.exe\n`)
  const pe = readFileSync(file)
  expect(pe.length).toBeLessThan(120_000_000)
  expect(signaturesOf(pe).equals(Buffer.alloc(8))).toBe(true)
  // The machine, AMD64.
  expect(pe.readUInt16LE(pe.readUInt32LE(0x3c) + 4)).toBe(0x8664)
  const fuse = pe.indexOf(`${sentinelFuse}:`)
  expect(pe.toString('latin1', fuse + sentinelFuse.length, fuse + sentinelFuse.length + 2)).toBe(':1')
  expect(pe.includes(Buffer.from('NODE_SEA_BLOB', 'utf16le'))).toBe(true)
  expect(pe.includes(await makeBlob(mkdtempSync(join(folder, 'blob-'))))).toBe(true)
})

test.runIf(platform)(
  'the single executable is at most 120 MB, needs no other program, and ignores NODE_OPTIONS',
  async () => {
    const [built] = await buildExecutables(join(folder, 'executable'), platform ? [platform] : [])
    const { file = '' } = built ?? {}
    expect(statSync(file).size).toBeLessThan(120_000_000)
    await execute('sha256sum', ['--check', `${file}.sha256`], { cwd: join(folder, 'executable') })

    const alone = { PATH: '', HOME: home, NODE_OPTIONS: '--require=/missing' }
    const executable = (...args: string[]) => runProgram(file, args, alone)
    expect(await executable('--version')).toEqual(await run(process.execPath, '--version'))
    for (const args of [
      ['check', 'role.yaml', '--policy', 'postern.yaml', '--format', 'json'],
      ['cluster', 'add', 'prod-eu', '--print'],
      ['check', 'absent.yaml'],
      ['whoami'],
      ['completion', 'bash'],
    ])
      expect(await executable(...args), args.join(' ')).toEqual(await run(process.execPath, ...args))
  },
)
