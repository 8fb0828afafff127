import { afterAll, expect, test } from 'vitest'
import { testDatabase } from '#testing/database'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { listen } from './listen.ts'

const database = await testDatabase()
afterAll(database.drop)

test('a listener is notified of a new grant and of every change of its status', async () => {
  const received: string[] = []
  const listener = listen(['postern_grant'], (channel, payload) => received.push(`${channel} ${payload}`))
  await listener.ready
  const { id } = await aGrant({ status: 'active' })
  await until('created and active', () => received.length === 2)
  expect(received).toEqual([`postern_grant ${id} pending`, `postern_grant ${id} active`])
  await listener.stop()
})

test('a broken connection is replaced, and onConnected is called again', async () => {
  const received: string[] = []
  const calls = { connected: 0, lost: 0 }
  const listener = listen(['one', 'two'], (channel, payload) => received.push(`${channel}:${payload}`), {
    onConnected: () => calls.connected++,
    onLost: () => calls.lost++,
  })
  await listener.ready
  await database.asApp(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'postern-listener' AND datname = current_database()`)
  await until('connected again', () => calls.connected === 2)
  expect(calls.lost).toBe(1)
  await database.asApp("SELECT pg_notify('two', 'after')")
  await until('the notification', () => received.length > 0)
  expect(received).toEqual(['two:after'])
  await listener.stop()
  expect(listener.isConnected()).toBe(false)
})

test('stopping a listener closes its connection', async () => {
  const listener = listen(['postern_grant'], () => {})
  await listener.ready
  await listener.stop()
  const open = () =>
    database.asApp(`SELECT FROM pg_stat_activity
      WHERE application_name = 'postern-listener' AND datname = current_database()`)
  await until('gone', async () => (await open()).length === 0)
})
