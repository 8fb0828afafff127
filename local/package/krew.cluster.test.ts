// krew itself installs the plugin from the manifest and the archive that are published, and kubectl runs it.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { ensureKrew } from '#local/programs/programs'
import { testParts } from '#testing/database'
import { readManifest } from './build.ts'
import { buildExecutables, ownPlatform } from './executable.ts'
import { krewManifest, makeArchive } from './krew.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-krew-'))
afterAll(() => rmSync(folder, { recursive: true }))

const platform = ownPlatform()
const program = platform && (await ensureKrew(console.error))
if (!program)
  process.stderr.write(
    `NOT CHECKED: krew installs the plugin. ${platform ? 'This machine has no Go' : 'This is neither Linux on x64 nor on arm64'}\n`,
  )

test.runIf(program)(
  'krew installs the plugin from its manifest without the network and no other archive, and kubectl runs and completes it',
  async () => {
    if (!platform || !program) return
    const { kubectl } = testParts().kubernetes
    const root = join(folder, 'root')
    const bin = join(root, 'bin')
    mkdirSync(root)
    const run = (command: string, ...args: string[]) =>
      promisify(execFile)(command, args, {
        env: {
          NODE_ENV: 'test',
          ...{ HOME: root, KREW_ROOT: root, KREW_NO_UPGRADE_CHECK: '1' },
          // A proxy that no one serves: krew must not need the network.
          ...{ HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' },
          PATH: [bin, dirname(kubectl), '/usr/bin', '/bin'].join(':'),
        },
      })

    const [executable] = await buildExecutables(folder, [platform])
    if (!executable) throw new Error('no executable was built')
    const archive = makeArchive(executable, folder)
    const manifest = join(folder, 'postern.yaml')
    const where = { archives: 'https://downloads.example.com/v1', homepage: 'https://example.com' }
    writeFileSync(manifest, krewManifest([archive], where))

    const install = (file: string) => run(program, 'install', '--manifest', manifest, '--archive', file)
    const other = join(folder, 'other.tar.gz')
    writeFileSync(other, Buffer.concat([readFileSync(join(folder, archive.name)), Buffer.from('more')]))
    await expect(install(other)).rejects.toThrow(/checksum does not match/)
    expect(existsSync(join(bin, 'kubectl-postern'))).toBe(false)
    const { stderr } = await install(join(folder, archive.name))
    expect(stderr).toContain('Installed plugin: postern')
    expect(stderr).toContain('kubectl postern login')

    const { version } = readManifest()
    expect((await run(kubectl, 'postern', '--version')).stdout).toBe(`${version}\n`)
    expect((await run(kubectl, 'postern', 'ls', '--help')).stdout).toMatch(/^Usage: kubectl postern ls /)
    // As the help of `kubectl postern completion` says: krew makes one link for a plugin.
    symlinkSync(join(bin, 'kubectl-postern'), join(bin, 'kubectl_complete-postern'))
    expect((await run(kubectl, '__complete', 'postern', 'request', '--dry')).stdout).toBe('--dry-run\n:0\n')
  },
)
