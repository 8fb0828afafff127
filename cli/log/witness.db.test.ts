import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { readGauges } from '#lib/adapters/db/gauges'
import { logVerifiers } from '#lib/adapters/db/log/log-keys'
import { readCheckpoint } from '#lib/core/log/checkpoint'
import { cosignatureOf, parseWitnessKey } from '#lib/core/log/cosignature'
import { logCheckpoint } from '#lib/views/log-files'
import { logWriting } from '#lib/worker/log/log-writer'
import { publishCheckpoint } from '#lib/worker/log/publish-checkpoint'
import { ensureLogChecker } from '#local/programs/programs'
import { testBench } from '#testing/bench'
import { aConfiguration } from '#testing/configuration'
import { copyLog, servedLog } from '#testing/log-copy'
import { anActor, aSystemActor } from '#testing/people'
import { aWitness } from '#testing/witness'
import { run } from '../running.testing.ts'

const checker = await ensureLogChecker(() => {})
const folder = mkdtempSync(join(tmpdir(), 'postern-witness-'))
// The key of the log is in the environment that the bench sets.
const { database, policy } = await testBench()
const [verifier] = logVerifiers('http://localhost:3000')
if (!verifier) throw new Error('no key of the log')
const [witness, other] = [await aWitness('witness.example.com/w1', [verifier]), await aWitness('other.example.com', [])]
const disk = join(folder, 'disk')
const document = {
  ...aConfiguration(),
  log: {
    anchors: [
      { name: 'w1', witness: { url: witness.url, key: witness.key } },
      { name: 'disk', directory: disk },
    ],
  },
}
beforeEach(async () => {
  witness.answerInstead(null)
  await policy.change(document)
})
const auditor = await anActor({ roles: ['auditor'] })
const served = await servedLog((authorization) => (authorization === 'Bearer an-auditor' ? auditor : null))
afterAll(() => {
  for (const one of [witness, other, served]) one.stop()
  rmSync(folder, { recursive: true })
})

const never = new AbortController().signal
const writeLog = logWriting()
async function grow() {
  await transaction((tx) => recordEvent(tx, { type: 'request.lapsed', actor: aSystemActor(), data: {} }))
  await writeLog(never)
}
const newest = async () => readCheckpoint(await logCheckpoint(auditor))
const cosigned = async () => {
  const note = await logCheckpoint(auditor)
  return cosignatureOf(note, note, parseWitnessKey(witness.key)) !== null
}
const behind = async () =>
  (await readGauges(['w1', 'disk'])).anchors.filter(({ lagSeconds }) => lagSeconds > 0).map(({ name }) => name)
const verify = (...more: string[]) =>
  run(['log', 'verify', '--server', served.url, '--key', verifier.text, '--token', 'an-auditor', ...more])

test('each newest checkpoint is cosigned at once, with the proof that the log contains the one before, and served with it', async () => {
  for (let round = 0; round < 4; round += 1) {
    await grow()
    expect(await cosigned()).toBe(false)
    // The pause of other anchors is not that of witnesses.
    await publishCheckpoint(3_600)
    expect(await cosigned()).toBe(true)
    expect(witness.knows()).toMatchObject({ size: (await newest()).size })
  }
  expect(witness.statuses).toEqual([200, 200, 200, 200])
  expect(witness.bodies[0]).toMatch(/^old 0\n\n/)
  // Nothing is sent again while the log does not grow.
  await publishCheckpoint(3_600)
  expect(witness.statuses).toHaveLength(4)
})

test('a witness that knows another size says which, and gets the proof from there', async () => {
  const before = await newest()
  await grow()
  await publishCheckpoint(3_600)
  witness.remember(before)
  await grow()
  witness.statuses.length = 0
  await publishCheckpoint(3_600)
  expect(witness.statuses).toEqual([409, 200])
  expect(await cosigned()).toBe(true)
})

test.each([
  [
    'knows a tree that the log does not contain',
    422,
    async () => witness.remember({ ...witness.knows(), root: Buffer.alloc(32, 9) }),
  ],
  ['has a larger checkpoint', 409, async () => witness.remember({ ...witness.knows(), size: 10_000 })],
  ['knows another size, and says none', 409, async () => witness.answerInstead({ status: 409, body: 'no\n' })],
  ['fails', 503, async () => witness.answerInstead({ status: 503, body: '' })],
  [
    'signs with another key',
    200,
    async () => witness.answerInstead({ status: 200, body: other.cosign(await logCheckpoint(auditor)) }),
  ],
  [
    'signs another checkpoint',
    200,
    async () => witness.answerInstead({ status: 200, body: witness.cosign('elsewhere\n1\nx\n\n— x y\n') }),
  ],
  ['answers with nothing', 200, async () => witness.answerInstead({ status: 200, body: '' })],
] as const)(
  'a witness that %s vouches for nothing, is counted as behind, and holds up no other anchor',
  async (_, status, before) => {
    const known = witness.knows()
    await grow()
    await before()
    const files = readdirSync(disk).length
    witness.statuses.length = 0
    await publishCheckpoint(0)
    expect(new Set(witness.statuses)).toEqual(new Set([status]))
    expect(await cosigned()).toBe(false)
    expect(await behind()).toEqual(['w1'])
    expect(readdirSync(disk)).toHaveLength(files + 1)
    // Once it is well again, the newest checkpoint is cosigned.
    witness.answerInstead(null)
    witness.remember(known)
    await publishCheckpoint(0)
    expect(await cosigned()).toBe(true)
    expect(await behind()).toEqual([])
  },
)

test('a witness that can’t be reached is counted as behind', async () => {
  await policy.change({
    ...document,
    log: { anchors: [{ name: 'w1', witness: { url: 'http://127.0.0.1:1', key: witness.key } }] },
  })
  await grow()
  await publishCheckpoint(0)
  expect(await behind()).toContain('w1')
})

test('a cosignature that Postern did not get is not served, and one can’t be changed or removed', async () => {
  await grow()
  const { size } = await newest()
  const forged = (await witness.cosign('elsewhere\n1\nx\n\n— x y\n')).trim()
  await database.asApp('INSERT INTO log_cosignatures (size, line) VALUES ($1, $2), ($1, $3)', [size, forged, 'nothing'])
  expect((await logCheckpoint(auditor)).split('\n').filter((line) => line.startsWith('— '))).toHaveLength(1)
  await publishCheckpoint(3_600)
  expect(await cosigned()).toBe(true)
  await expect(database.asApp('DELETE FROM log_cosignatures')).rejects.toThrow('permission denied')
  await expect(database.asOwner(`UPDATE log_cosignatures SET line = ''`)).rejects.toThrow('its rows are history')
})

test('postern log verify --witness requires the cosignature of each, from the server and in an exported log', async () => {
  await grow()
  const missing = await verify('--witness', witness.key)
  expect(missing).toMatchObject({
    code: 1,
    out: expect.stringContaining('witness.example.com/w1 has not cosigned this checkpoint.'),
  })
  await publishCheckpoint(3_600)
  const found = await verify('--witness', witness.key)
  expect(found).toMatchObject({
    code: 0,
    out: expect.stringMatching(/witness\.example\.com\/w1 cosigned it at 20\d\d-/),
  })
  expect(await verify('--witness', witness.key, '--witness', other.key)).toMatchObject({
    code: 1,
    out: expect.stringContaining('other.example.com has not cosigned'),
  })
  expect(await verify('--witness', verifier.text)).toMatchObject({
    code: 2,
    err: expect.stringContaining('not the verifier key of a witness'),
  })
  const { out } = await run(['log', 'export', '--server', served.url, '--token', 'an-auditor'])
  const file = join(folder, 'log.jsonl')
  writeFileSync(file, out)
  const offline = (...more: string[]) => run(['log', 'verify', '--key', verifier.text, ...more, file])
  expect(await offline('--witness', witness.key)).toMatchObject({ code: 0 })
  writeFileSync(
    file,
    out.replace(/(— witness\S+ [A-Za-z0-9+/]{30})./, (_, head: string) => `${head}A`),
  )
  expect(await offline()).toMatchObject({ code: 0 })
  expect(await offline('--witness', witness.key)).toMatchObject({ code: 1 })
})

test.skipIf(!checker)('the cosignature is verified by Go’s own library, and its lack is found', async () => {
  await grow()
  const check = async (name: string) => {
    await copyLog(auditor, join(folder, name))
    const { status, stdout, stderr } = spawnSync(
      checker ?? '',
      [`${verifier.text},${witness.key}`, join(folder, name)],
      {
        encoding: 'utf8',
      },
    )
    return { status, text: stdout + stderr }
  }
  expect(await check('before')).toMatchObject({
    status: 1,
    text: expect.stringContaining('witness.example.com/w1 has not cosigned'),
  })
  await publishCheckpoint(3_600)
  expect(await check('after')).toMatchObject({
    status: 0,
    text: expect.stringContaining('witness.example.com/w1 cosigned it'),
  })
})
if (!checker) console.warn('NOT CHECKED: cosignatures by Go’s own library, because Go is not installed')
