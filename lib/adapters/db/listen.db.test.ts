import { afterAll, expect, test } from 'vitest'
import { testDatabase } from '#testing/database'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { listen } from './listen.ts'

const database = await testDatabase()
afterAll(database.drop)

test('a new grant is heard by whoever listens, and every move of it', async () => {
  const heard: string[] = []
  const listener = listen(['postern_grant'], (channel, payload) => heard.push(`${channel} ${payload}`))
  await listener.ready
  const { id } = await aGrant({ status: 'active' })
  await until('created and active', () => heard.length === 2)
  expect(heard).toEqual([`postern_grant ${id}`, `postern_grant ${id}`])
  await listener.stop()
})

test('a connection that breaks is made again, and its owner is told to look', async () => {
  const heard: string[] = []
  const told = { connected: 0, lost: 0 }
  const listener = listen(['one', 'two'], (channel, payload) => heard.push(`${channel}:${payload}`), {
    onConnected: () => told.connected++,
    onLost: () => told.lost++,
  })
  await listener.ready
  await database.asApp(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'postern-listener' AND datname = current_database()`)
  await until('connected again', () => told.connected === 2)
  expect(told.lost).toBe(1)
  await database.asApp("SELECT pg_notify('two', 'after')")
  await until('heard', () => heard.length > 0)
  expect(heard).toEqual(['two:after'])
  await listener.stop()
  expect(listener.isConnected()).toBe(false)
})

test('stopping leaves no connection behind', async () => {
  const listener = listen(['postern_grant'], () => {})
  await listener.ready
  await listener.stop()
  const open = () =>
    database.asApp(`SELECT FROM pg_stat_activity
      WHERE application_name = 'postern-listener' AND datname = current_database()`)
  await until('gone', async () => (await open()).length === 0)
})
