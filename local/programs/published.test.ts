import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '#testing/until'
import { type PublishedProgram, publishedDownloads, publishedPrograms } from './published.ts'

const script = '#!/bin/sh\necho it runs\n'.padEnd(40_000, '# padding\n')
const sumOf = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex')

let directory: string
let cache: string
let servers: Server[]
let requests: string[]
let lines: string[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-published-'))
  cache = join(directory, 'cache')
  servers = []
  requests = []
  lines = []
})
afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  rmSync(directory, { recursive: true, force: true })
})

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A file server: a path that has no handler answers 404. */
async function serve(handlers: Record<string, Handler | Buffer | string>): Promise<string> {
  const server = createServer((request, response) => {
    const { range } = request.headers
    requests.push(`${request.url}${range ? ` ${range}` : ''}`)
    const handler = handlers[request.url ?? '']
    if (handler === undefined) response.writeHead(404).end()
    else if (typeof handler === 'function') handler(request, response)
    else response.end(handler)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const programAt = (base: string, program = 'tool'): PublishedProgram => ({
  program,
  url: `${base}/${program}`,
  sums: `${base}/${program}.sha256`,
})
/** Never gives up on a server only because this machine is busy. */
const downloads = () => publishedDownloads({ answerMs: 60_000, idleMs: 60_000 })
const say = (line: string) => lines.push(line)
const runs = (program: string) => execFileSync(join(cache, program), { encoding: 'utf8' })
const isPart = (name: string) => name.endsWith('.part')

/** Answers what the client asked for of `script`, up to `end`; then waits until it has arrived, and cuts the line. */
const cutAt =
  (end: number): Handler =>
  async (request, response) => {
    const begin = Number(request.headers.range?.match(/\d+/)?.[0] ?? 0)
    response.writeHead(begin ? 206 : 200, { 'content-length': script.length - begin })
    response.write(script.slice(begin, end))
    const arrived = () => readdirSync(cache).some((name) => isPart(name) && statSync(join(cache, name)).size === end)
    if (end < script.length) await until('the piece has arrived', arrived)
    if (end < script.length) response.destroy()
    else response.end()
  }

test('a released program is downloaded once, with the SHA-256 of its release, and so is one in an archive', async () => {
  const folder = 'tool-v1-linux-amd64'
  mkdirSync(join(directory, folder))
  writeFileSync(join(directory, folder, 'inside'), script)
  execFileSync('tar', ['-czf', join(directory, 'archive.tar.gz'), '-C', directory, folder])
  const archive = readFileSync(join(directory, 'archive.tar.gz'))
  const base = await serve({
    '/tool': script,
    '/tool.sha256': sumOf(script),
    [`/${folder}.tar.gz`]: archive,
    '/SHA256SUMS': `${'0'.repeat(64)}  other.tar.gz\n${sumOf(archive)}  ${folder}.tar.gz\n`,
  })
  const inside = { program: 'inside', url: `${base}/${folder}.tar.gz`, sums: `${base}/SHA256SUMS` }
  const programs = [programAt(base), { ...inside, member: `${folder}/inside` }]
  expect(await downloads()(programs, cache, say)).toBe(true)
  expect([runs('tool'), runs('inside')]).toEqual(['it runs\n', 'it runs\n'])
  expect(readdirSync(cache).sort()).toEqual(['inside', 'tool'])
  expect(await downloads()(programs, cache, say)).toBe(true)
  expect(requests).toHaveLength(4)
})

test('a program with another SHA-256 than its release says is refused, nothing of it is kept, and nothing else is tried', async () => {
  const base = await serve({ '/tool': `${script}#`, '/tool.sha256': sumOf(script) })
  const download = downloads()
  expect(await download([programAt(base), programAt(base, 'next')], cache, say)).toBe(false)
  expect(lines.at(-1)).toContain(`${base}/tool was refused: its SHA-256 is ${sumOf(`${script}#`)}`)
  expect(readdirSync(cache)).toEqual([])
  expect(await download([programAt(base)], cache, say)).toBe(false)
  expect(requests).toEqual(['/tool.sha256', '/tool'])
})

test('a download that is cut off continues where it stopped, also at the next start', async () => {
  const ends = [15_000, 15_000, 30_000, script.length]
  const base = await serve({
    '/tool': (request, response) => cutAt(ends.shift() ?? 0)(request, response),
    '/tool.sha256': `${sumOf(script)}\n`,
  })
  // The second try adds nothing.
  expect(await downloads()([programAt(base)], cache, say)).toBe(false)
  expect(readdirSync(cache).filter((name) => !isPart(name))).toEqual([])
  expect(await downloads()([programAt(base)], cache, say)).toBe(true)
  expect(runs('tool')).toBe('it runs\n')
  expect(requests.filter((path) => !path.includes('sha256'))).toEqual([
    '/tool',
    ...['/tool bytes=15000-', '/tool bytes=15000-', '/tool bytes=30000-'],
  ])
})

test('a server that ignores where to continue sends the whole program again', async () => {
  const cut = [15_000]
  const base = await serve({
    '/tool': (request, response) => {
      const end = cut.shift()
      if (end) cutAt(end)(request, response)
      else response.end(script)
    },
    '/tool.sha256': sumOf(script),
  })
  expect(await downloads()([programAt(base)], cache, say)).toBe(true)
  expect(runs('tool')).toBe('it runs\n')
})

test('a slow server is waited for as long as it sends something', async () => {
  const base = await serve({
    '/tool': async (_request, response) => {
      for (let at = 0; at < script.length; at += 4_000)
        await new Promise((resolve) => response.write(script.slice(at, at + 4_000), () => setImmediate(resolve)))
      response.end()
    },
    '/tool.sha256': sumOf(script),
  })
  expect(await downloads()([programAt(base)], cache, say)).toBe(true)
  expect(runs('tool')).toBe('it runs\n')
})

test('a server that never answers, or falls silent, is given up and not asked for another program', async () => {
  const silent = () => {}
  const limits = { answerMs: 100, idleMs: 100 }
  const dead = await serve({ '/tool.sha256': silent })
  const download = publishedDownloads(limits)
  expect(await download([programAt(dead), programAt(dead, 'next')], cache, say)).toBe(false)
  expect(await download([programAt(dead, 'next')], cache, say)).toBe(false)
  expect(requests.filter((path) => path !== '/tool.sha256')).toEqual([])
  expect(requests.length).toBeLessThanOrEqual(1)
  const half = await serve({
    '/tool': (request, response) => {
      if (!request.headers.range) response.writeHead(200, { 'content-length': script.length }).write('#!/bin/sh')
    },
    '/tool.sha256': sumOf(script),
  })
  const patient = publishedDownloads({ answerMs: 60_000, idleMs: 100 })
  expect(await patient([programAt(half)], cache, say)).toBe(false)
  expect(readdirSync(cache).filter((name) => !isPart(name))).toEqual([])
})

test('a program that a release does not have is not downloaded', async () => {
  const base = await serve({ '/tool.sha256': sumOf(script), '/other.sha256': '<html>', '/other': script })
  expect(await downloads()([programAt(base)], cache, say)).toBe(false)
  expect(lines.at(-1)).toContain(`${base}/tool answered 404`)
  expect(await downloads()([programAt(base, 'other')], cache, say)).toBe(false)
  expect(lines.at(-1)).toContain('other.sha256 has no SHA-256 of other')
  expect(readdirSync(cache)).toEqual([])
})

test('a redirect to plain http is refused before that address is called', async () => {
  const other = await serve({ '/tool': script })
  const base = await serve({
    '/tool': (_request, response) => response.writeHead(302, { location: `${other}/tool` }).end(),
    '/near': (_request, response) => response.writeHead(302, { location: '/file' }).end(),
    '/file': script,
    '/tool.sha256': sumOf(script),
    '/near.sha256': sumOf(script),
  })
  expect(await downloads()([programAt(base)], cache, say)).toBe(false)
  expect(lines.at(-1)).toContain('which is not https')
  expect(requests).toEqual(['/tool.sha256', '/tool'])
  expect(await downloads()([programAt(base, 'near')], cache, say)).toBe(true)
})

test('a server that nothing answers for is given up', async () => {
  const base = await serve({})
  await new Promise((resolve) => servers.pop()?.close(resolve))
  expect(await downloads()([programAt(base)], cache, say)).toBe(false)
  expect(lines.at(-1)).toContain("can't be used")
})

test('every address of a release is https, and machines without released programs have none', () => {
  const versions = { kubernetes: 'v1.37.2', etcd: 'v3.7.0' }
  const found = publishedPrograms(versions, { platform: 'linux', arch: 'arm64' })
  expect(found.flatMap(({ url, sums }) => [url, sums]).filter((url) => !url.startsWith('https://'))).toEqual([])
  expect(found.map(({ program }) => program).sort()).toEqual([
    ...['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'],
  ])
  expect(found[0]?.url).toBe('https://dl.k8s.io/release/v1.37.2/bin/linux/arm64/kubectl')
  expect(publishedPrograms(versions, { platform: 'darwin', arch: 'arm64' })).toEqual([])
})
