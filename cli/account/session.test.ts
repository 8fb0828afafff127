import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { spawnPostern } from '../running.testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-session-'))
const file = join(folder, 'token')
const me = { subject: 's', name: 'pipeline', email: null, emailVerified: false, issuer: 'i', groups: [], roles: [] }

let accepted = ''
let onRefusal = () => {}
const server = createServer((request, response) => {
  const isAccepted = request.headers.authorization === `Bearer ${accepted}`
  if (!isAccepted) onRefusal()
  response
    .writeHead(isAccepted ? 200 : 401, { 'content-type': 'application/json' })
    .end(JSON.stringify(isAccepted ? me : {}))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

const whoami = () => {
  const POSTERN_SERVER = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return spawnPostern(['whoami'], { env: { POSTERN_SERVER, POSTERN_TOKEN_FILE: file, POSTERN_HOME: folder } })
}

test('the token of a workload is read again when the server refuses the last one', async () => {
  writeFileSync(file, 'first-token\n')
  accepted = 'second-token'
  onRefusal = () => writeFileSync(file, 'second-token\n')
  const { code, out, err } = await whoami()
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('pipeline')
})

test.each([
  ['was refused and is still the same', 'first-token', /refused the token in/],
  ['is empty', '\n', /is empty/],
])('a token of a workload that %s ends the command as not signed in, and is not printed', async (_, text, why) => {
  writeFileSync(file, text)
  onRefusal = () => {}
  const { code, out, err } = await whoami()
  expect([code, out]).toEqual([3, ''])
  expect(err).toMatch(why)
  expect(err).not.toContain('first-token')
})

test('a file of a workload that does not exist is named', async () => {
  rmSync(file, { force: true })
  expect(await whoami()).toMatchObject({ code: 2, err: expect.stringContaining(`${file}: `) })
})
