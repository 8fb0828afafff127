import { beforeAll, expect, test } from 'vitest'
import { endpoints } from '#lib/api/endpoints'
import { apiBench } from '#testing/api-bench'
import { callRoute, expectProblem, expectSuccess } from '#testing/call-route'
import { eventsWhere } from '#testing/events'
import * as noticesDoor from './me/notices/route.ts'
import * as meDoor from './me/route.ts'

const { as } = await apiBench(['priya', 'sam'])
beforeAll(async () => {
  // Postern knows people from their first call on.
  for (const person of ['priya', 'sam']) await callRoute(meDoor, { ...as(person as 'priya'), path: '/api/v1/me' })
})

const path = '/api/v1/me/notices'
const read = (person: 'priya' | 'sam' = 'priya') => callRoute(noticesDoor, { ...as(person), path })
const set = (body: object) => callRoute(noticesDoor, { ...as('priya'), method: 'POST', path, body })
const quietHours = { from: '22:00', until: '07:00', days: ['monday', 'sunday'], zone: 'Europe/Berlin' }

test('quiet hours are set, read and ended without touching the muted kinds, and are no one else’s', async () => {
  expectSuccess(await set({ muted: ['access-ended'] }), endpoints.setNoticePreferences)
  const saved = await set({ quietHours: { ...quietHours, days: ['sunday', 'monday', 'sunday'] } })
  expectSuccess(saved, endpoints.setNoticePreferences)
  expect(saved.body).toEqual({ muted: ['access-ended'], quietHours })
  expect((await read()).body).toEqual(saved.body)
  expect((await read('sam')).body).toEqual({ muted: [], quietHours: null })
  expect((await set({ muted: [] })).body).toEqual({ muted: [], quietHours })
  expect((await set({ quietHours: null })).body).toEqual({ muted: [], quietHours: null })
  const events = await eventsWhere({ type: { startsWith: 'notices.quiet-hours' } })
  expect(events.map(({ type, data }) => [type, data])).toEqual([
    ['notices.quiet-hours-set', quietHours],
    ['notices.quiet-hours-ended', {}],
  ])
})

test.each([
  ['/quietHours/from', { from: '24:00' }, 'must be a time of day such as 22:00'],
  ['/quietHours/until', { until: '22:00' }, 'must differ from the beginning'],
  ['/quietHours/days', { days: [] }, 'must have at least one day'],
  ['/quietHours/zone', { zone: '+02:00' }, 'must be an IANA time zone such as Europe/Berlin'],
])('quiet hours with a wrong %s are refused with what would be right: %j', async (pointer, changes, message) => {
  const answer = await set({ quietHours: { ...quietHours, ...changes } })
  expectProblem(answer, 422, 'invalid')
  expect(answer.body.errors).toEqual([{ pointer, message }])
})

test('without a token no preference is read or changed', async () => {
  expectProblem(await callRoute(noticesDoor, { path }), 401, 'unauthenticated')
  expectProblem(await callRoute(noticesDoor, { method: 'POST', path, body: { quietHours } }), 401, 'unauthenticated')
})
