import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { whileHoldingLock } from '#local/processes/lock'
import { checkout, stateDirectory } from '#local/processes/places'
import type { Say } from '#local/processes/steps'
import { compressStatic } from './compress-static.ts'

/** The folders that the build compiles. */
const rooms = ['app', 'components', 'lib', 'public']
const testing = join(checkout, 'testing/')
const rootFile = /^(package-lock\.json|tsconfig\.json|[^.].*\.(ts|js|mjs))$/
/** At the root, but not compiled. */
const testSettings = /^(vitest|playwright)\./
const marker = join(checkout, '.next/postern-sources')

/** The script of Next.js's command, to be run with `node`. */
export const next = join(checkout, 'node_modules/next/dist/bin/next')

function sourceFiles(): string[] {
  const inRooms = rooms
    .map((room) => join(checkout, room))
    .filter((room) => existsSync(room))
    .flatMap((room) => readdirSync(room, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(testing))
  const atRoot = readdirSync(checkout).filter(
    (name) => rootFile.test(name) && !testSettings.test(name) && name !== 'next-env.d.ts',
  )
  return [...inRooms, ...atRoot.map((name) => join(checkout, name))].sort()
}

function hashOfSources(): string {
  const hash = createHash('sha256')
  for (const file of sourceFiles())
    hash
      .update(`${relative(checkout, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  return hash.digest('hex')
}

/**
 * Next.js draws these at random unless they are given. From the sources, so that the same sources become the same build.
 * Nothing rests on the key (local/image/app-layer.ts).
 */
const reproducible = (hash: string) => ({
  POSTERN_BUILD_ID: hash.slice(0, 20),
  NEXT_SERVER_ACTIONS_ENCRYPTION_KEY: Buffer.from(hash, 'hex').toString('base64'),
})

function runNextBuild(hash: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const child = spawn(process.execPath, [next, 'build'], {
    cwd: checkout,
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', ...reproducible(hash) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  }
  const end = () => child.kill('SIGTERM')
  process.once('exit', end)
  child.once('error', reject)
  child.once('close', (code) => {
    process.off('exit', end)
    if (code === 0) resolve()
    else reject(new Error(`next build failed:\n${output}`))
  })
  return promise
}

/** Builds the current sources into .next, unless that build exists already. Resolves to true if it had to build. */
export async function ensureProductionBuild(say: Say): Promise<boolean> {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 })
  return whileHoldingLock(join(stateDirectory, 'build.lock'), say, async () => {
    const hash = hashOfSources()
    if (existsSync(marker) && readFileSync(marker, 'utf8') === hash) return false
    await runNextBuild(hash)
    await compressStatic(join(checkout, '.next/static'))
    // The hash from before the build: a file that changed meanwhile causes another build next time.
    writeFileSync(marker, hash)
    return true
  })
}
