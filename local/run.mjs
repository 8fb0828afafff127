// Launches every command of this folder: `node local/run.mjs demo`. It runs on Node.js 20 or newer and imports no packages,
// so that a fresh checkout needs only Node.js and npm. It installs missing packages, generates the database client, and runs
// local/<command>.ts on the Node.js that package.json pins. It prints to standard error only.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNode } from './find-node.mjs'

const checkout = dirname(dirname(fileURLToPath(import.meta.url)))
const commands = {
  demo: 'demo/demo.ts',
  dev: 'demo/dev.ts',
  build: 'parts/build.ts',
  test: 'test/test.ts',
  rbac: 'test/rbac.ts',
  cel: 'test/cel.ts',
  keycloak: 'test/keycloak.ts',
  'api-description': 'test/api-description.ts',
  deploy: 'test/deploy.ts',
  check: 'check/check.ts',
  bench: 'bench/main.ts',
  chaos: 'chaos/main.ts',
  token: 'demo/token.ts',
  screenshots: 'demo/screenshots.ts',
  parts: 'parts/keep-parts.ts',
  image: 'image/image.ts',
  manifests: 'deploy/manifests.ts',
}

/** @param {string} line */
const say = (line) => process.stderr.write(`${line}\n`)

/** @param {string} message @returns {never} */
function fail(message) {
  say(message)
  process.exit(1)
}

/** @param {string} what @param {string[]} command */
function step(what, command) {
  const began = Date.now()
  say(`${what} …`)
  const [program = '', ...args] = command
  const result = spawnSync(program, args, { cwd: checkout, stdio: ['ignore', 2, 2] })
  if (result.status !== 0) fail(`${command.join(' ')} failed: ${result.error?.message ?? `code ${result.status}`}`)
  say(`${what}: ${((Date.now() - began) / 1000).toFixed(1)} s`)
}

/**
 * True if node_modules matches package-lock.json, according to the list that npm writes at the end of an installation.
 * Packages for other platforms are optional and may be missing. Those that package.json names for every platform may not: a
 * checkout that has just gained one would fail its checks.
 */
function isInstalled() {
  const installedFile = join(checkout, 'node_modules/.package-lock.json')
  if (!existsSync(installedFile)) return false
  const locked = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')).packages
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages
  const named = locked[''].optionalDependencies ?? {}
  /** @param {string} path @param {{ optional?: boolean, os?: string[], cpu?: string[] }} entry */
  const mayMiss = (path, { optional, os, cpu }) =>
    optional === true &&
    (os !== undefined || cpu !== undefined || !Object.hasOwn(named, path.slice('node_modules/'.length)))
  return Object.entries(locked).every(([path, entry]) => {
    if (path === '') return true
    const found = installed[path]
    return found ? found.version === entry.version : mayMiss(path, entry)
  })
}

function generateClient() {
  const schema = readFileSync(join(checkout, 'prisma/schema.prisma'))
  const hash = createHash('sha256').update(schema).digest('hex')
  const marker = join(checkout, 'lib/adapters/db/generated/.schema-hash')
  if (existsSync(marker) && readFileSync(marker, 'utf8') === hash) return
  step('generating the database client from prisma/schema.prisma', ['npm', 'run', '--silent', 'generate'])
  writeFileSync(marker, hash)
}

/** @param {number} pid @returns {number | undefined} undefined if there is no such process */
function parentOf(pid) {
  try {
    if (process.platform === 'linux') return Number(/\) \S+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
  return Number(spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }).stdout) || undefined
}

const [command = '', ...args] = process.argv.slice(2)
if (!Object.hasOwn(commands, command)) fail(`usage: node local/run.mjs ${Object.keys(commands).join(' | ')}`)
const file = join(checkout, 'local', commands[/** @type {keyof typeof commands} */ (command)])
if (!existsSync(file)) fail(`${file} does not exist`)

if (!isInstalled()) step('installing packages (npm ci)', ['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error'])
generateClient()

const found = findNode(checkout)
if ('problem' in found) fail(found.problem)
const child = spawn(found.node, [file, ...args], {
  cwd: checkout,
  env: {
    ...process.env,
    INIT_CWD: process.env.INIT_CWD ?? process.cwd(),
    PATH: `${join(checkout, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
  },
  // The IPC channel closes when this process ends, for whatever reason, and the command then ends its parts.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
})
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill(signal))
}
// If npm is killed, the shell between npm and this process stays, so this process has to notice it.
if (process.env.npm_lifecycle_event) {
  const npm = parentOf(process.ppid)
  setInterval(() => parentOf(process.ppid) !== npm && child.kill('SIGHUP'), 1000).unref()
}
child.on('error', (error) => fail(error.message))
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? 'SIGTERM']))
