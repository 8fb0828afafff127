import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { downloadEnvtest } from './envtest.ts'

const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
let directory: string
let files: Map<string, Buffer | string>
let server: Server
let base: string

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postern-envtest-'))
  files = new Map()
  server = createServer((req, res) => {
    const body = files.get(req.url ?? '')
    res.writeHead(body === undefined ? 404 : 200).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve))
  rmSync(directory, { recursive: true, force: true })
})

function makeArchive(programs: string[]): Buffer {
  const folder = join(directory, 'controller-tools/envtest')
  mkdirSync(folder, { recursive: true })
  for (const program of programs) writeFileSync(join(folder, program), `#!/bin/sh\necho ${program}\n`, { mode: 0o755 })
  const file = join(directory, 'archive.tar.gz')
  execFileSync('tar', ['-czf', file, '-C', directory, 'controller-tools'])
  return readFileSync(file)
}

/** Publishes `archive` for each release, as the real index does, under `hash` or its true SHA-512. */
function publish(releases: string[], archive: Buffer, hash = createHash('sha512').update(archive).digest('hex')) {
  const entries = releases.map((release) => {
    const name = `envtest-${release}-${platform}.tar.gz`
    files.set(`/${name}`, archive)
    return [release, { [name]: { hash, selfLink: `${base}/${name}` } }]
  })
  files.set('/envtest-releases.yaml', stringify({ releases: Object.fromEntries(entries) }))
}

const all = ['kube-apiserver', 'etcd', 'kubectl']
const cache = () => join(directory, 'cache')
const download = () => downloadEnvtest({ cache: cache(), version: 'v1.37.2', base, say: () => {} })

describe('downloadEnvtest', () => {
  test('downloads, verifies, unpacks and keeps the published programs', async () => {
    publish(['v1.36.0', 'v1.37.0', 'v1.38.0'], makeArchive(all))
    const folder = await download()
    expect(folder).toContain('envtest-v1.37.0-')
    for (const program of all) {
      expect(execFileSync(join(folder, program), { encoding: 'utf8' })).toBe(`${program}\n`)
    }
    files.delete(`/envtest-v1.37.0-${platform}.tar.gz`)
    expect(await download()).toBe(folder)
  })

  test('refuses an archive whose SHA-512 is not the one in the index, and keeps nothing of it', async () => {
    publish(['v1.37.0'], makeArchive(all), 'ab'.repeat(64))
    await expect(download()).rejects.toThrow(/was refused: its SHA-512 is/)
    expect(() => readdirSync(cache())).toThrow('ENOENT')
  })

  test('refuses an archive without one of the programs, and keeps nothing of it', async () => {
    publish(['v1.37.0'], makeArchive(['etcd', 'kubectl']))
    await expect(download()).rejects.toThrow(/could not be unpacked/)
    expect(readdirSync(cache())).toEqual([])
  })

  test('does not use a release newer than the pinned one', async () => {
    publish(['v1.38.0'], makeArchive(all))
    await expect(download()).rejects.toThrow(/has no archive/)
  })

  test('an error includes the address that could not be downloaded', async () => {
    await expect(download()).rejects.toThrow(`${base}/envtest-releases.yaml answered 404`)
  })
})
