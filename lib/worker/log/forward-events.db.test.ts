import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { recordEvents } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { claimForward, forwardStates } from '#lib/adapters/db/log/forwards'
import { testBench } from '#testing/bench'
import { aConfiguration } from '#testing/configuration'
import { aPerson, aSystemActor } from '#testing/people'
import { aReceiverIdentity, syslogReceiver } from '#testing/syslog-receiver'
import { forwardEvents } from './forward-events.ts'
import { logWriting } from './log-writer.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-syslog-'))
afterAll(() => rmSync(folder, { recursive: true }))
const identity = await aReceiverIdentity(folder)
const caFile = identity.certificate
const configurationFor = (receivers: object[]) => ({ ...aConfiguration(), log: { syslog: receivers } })

const { database, policy } = await testBench()
const never = new AbortController().signal
const writeLog = logWriting()
const person = await aPerson({ name: 'Mina Ökafor' })

let next = 0
/** Records and logs so many events, each with a number of its own. */
async function grow(count: number): Promise<number[]> {
  const numbers = Array.from({ length: count }, () => ++next)
  await transaction((tx) =>
    recordEvents(
      tx,
      numbers.map((number) => ({
        ...{ type: 'request.denied' as const, actor: aSystemActor(), data: { note: `number ${number}` } },
        about: { personId: person.id, cluster: 'prod-eu', namespaces: ['payments'] },
      })),
    ),
  )
  await writeLog(never)
  return numbers
}

const numbersIn = (messages: readonly string[]) => messages.map((one) => Number(/number (\d+)/.exec(one)?.[1]))
const forward = (worker = 'worker-1') => forwardEvents(worker, never)
const to = (port: number, more: object = {}) =>
  policy.change(configurationFor([{ name: 'siem', host: '127.0.0.1', port, caFile, ...more }]))

/** The receiver begins with the next event of the log. */
async function begin(port: number, more: object = {}) {
  await to(port, more)
  await forward()
}

beforeEach(() => database.asOwner('DELETE FROM log_forwards'))

test('a receiver reads every event in order, as a syslog message with OCSF in it', async () => {
  await grow(3)
  const receiver = await syslogReceiver(folder, identity)
  await begin(receiver.port)
  expect(receiver.messages(), 'events from before it was configured').toEqual([])
  // More than one batch.
  const numbers = await grow(600)
  await forward()
  expect(numbersIn(receiver.messages())).toEqual(numbers)
  const [, head = '', body = ''] =
    /^(<110>1 \S+ localhost postern - request\.denied -) (\{.*\})$/.exec(receiver.messages()[0] ?? '') ?? []
  expect(head).toMatch(/^<110>1 \d{4}-\d\d-\d\dT[\d:.]+Z /)
  expect(JSON.parse(body)).toMatchObject({
    class_uid: 6003,
    unmapped: { cluster: 'prod-eu', data: { note: `number ${numbers[0]}` } },
  })
  await forward()
  expect(receiver.messages()).toHaveLength(600)
  await receiver.kill()
})

test('events are kept while a receiver is down, and one that was killed in a batch reads all of it again, in order', async () => {
  const first = await syslogReceiver(folder, identity, { dieAfter: 70 })
  await begin(first.port)
  const numbers = await grow(100)
  await forward()
  await first.kill()
  expect(numbersIn(first.messages())).toEqual(numbers.slice(0, 70))
  const more = await grow(20)
  await forward()
  const [{ lagSeconds = 0 } = {}] = await forwardStates(['siem'])
  expect(lagSeconds).toBeGreaterThan(0)
  const second = await syslogReceiver(folder, identity, { port: first.port })
  await forward()
  // At least once: the first 70 twice.
  expect(numbersIn(second.messages())).toEqual([...numbers, ...more])
  expect(await forwardStates(['siem'])).toEqual([{ name: 'siem', lagSeconds: 0 }])
  await second.kill()
})

test('a receiver whose certificate another authority issued reads nothing', async () => {
  const stranger = await syslogReceiver(folder, await aReceiverIdentity(folder))
  await begin(stranger.port)
  await grow(1)
  await forward()
  expect(stranger.messages()).toEqual([])
  const [{ lagSeconds = 0 } = {}] = await forwardStates(['siem'])
  expect(lagSeconds).toBeGreaterThan(0)
  await stranger.kill()
})

test('a receiver whose certificate has another name reads nothing', async () => {
  const receiver = await syslogReceiver(folder, identity)
  await begin(receiver.port, { host: '127.0.0.2' })
  await grow(1)
  await forward()
  expect(receiver.messages()).toEqual([])
  await receiver.kill()
})

test('one worker at a time forwards to a receiver, and its position is that of all', async () => {
  const receiver = await syslogReceiver(folder, identity)
  await begin(receiver.port)
  const numbers = await grow(30)
  expect(await claimForward('siem', 'worker-2')).not.toBeNull()
  await forward('worker-1')
  expect(receiver.messages(), 'while another worker forwards').toEqual([])
  await Promise.all([forward('worker-2'), forward('worker-3')])
  await forward('worker-4')
  expect(numbersIn(receiver.messages())).toEqual(numbers)
  await receiver.kill()
})
