// `postern absence` against the API: when a person is out of office, and who is notified instead.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endpoints } from '#lib/api/endpoints'
import { buildPackage } from '#local/package/build'
import { apiBench } from '#testing/api-bench'
import { callRoute, expectProblem, expectSuccess } from '#testing/call-route'
import { eventsWhere } from '#testing/events'
import { servedRoutes } from '#testing/served-routes'
import * as endDoor from './me/absence/end/route.ts'
import * as absenceDoor from './me/absence/route.ts'
import * as meDoor from './me/route.ts'
import { apiRoutes } from './routes.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-absence-'))
const { database, as } = await apiBench(['priya', 'sam', 'mina'])
const served = await servedRoutes(apiRoutes)
beforeAll(async () => {
  await buildPackage(join(folder, 'package'))
  // Postern knows people from their first call on.
  for (const person of ['priya', 'sam', 'mina']) await callRoute(meDoor, { ...as(person), path: '/api/v1/me' })
})
afterAll(async () => {
  await served.stop()
  rmSync(folder, { recursive: true })
})

function postern(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { HOME: folder, TZ: 'Europe/Berlin', POSTERN_SERVER: served.url, POSTERN_TOKEN: as('priya').token }
  const program = [join(folder, 'package/launcher.js'), 'absence', ...args]
  return new Promise((resolve) =>
    execFile(process.execPath, program, { env: env as unknown as NodeJS.ProcessEnv }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    ),
  )
}
const path = '/api/v1/me/absence'
const read = () => callRoute(absenceDoor, { ...as('priya'), path })
const set = (body: object) => callRoute(absenceDoor, { ...as('priya'), method: 'POST', path, body })
const next = new Date().getUTCFullYear() + 1

test('an absence is set by days of the own time zone, the last one included, shown, and ended', async () => {
  expect(await postern()).toEqual({ code: 0, out: 'Not out of office.\n', err: '' })
  const days = ['--from', `${next}-01-10`, '--until', `${next}-01-12`]
  const saved = await postern('set', ...days, '--delegate', 'sam@example.com')
  const sentence = `Out of office from ${next}-01-10 00:00 until ${next}-01-13 00:00. Sam Duarte is notified instead.\n`
  expect(saved).toEqual({ code: 0, out: sentence, err: '' })
  expect((await postern()).out).toBe(sentence)
  const absence = { from: `${next}-01-09T23:00:00.000Z`, until: `${next}-01-12T23:00:00.000Z`, delegate: 'Sam Duarte' }
  const found = await read()
  expectSuccess(found, endpoints.getAbsence)
  expect(found.body).toEqual({ absence })
  expect(JSON.parse((await postern('end', '-o', 'json')).out)).toEqual({ absence: null })
  expect((await read()).body).toEqual({ absence: null })
  const types = (await eventsWhere({ type: { in: ['absence.set', 'absence.ended'] } })).map(({ type }) => type)
  expect(types).toEqual(['absence.set', 'absence.ended'])
})

test('a day that does not exist, a missing end and someone who is not a colleague are refused, with what is wrong', async () => {
  const noDay = await postern('set', '--until', `${next}-02-30`, '--delegate', 'sam@example.com')
  expect(noDay).toMatchObject({ code: 2, err: expect.stringContaining('Use a day such as 2026-12-24') })
  expect(await postern('set', '--delegate', 'sam@example.com')).toMatchObject({ code: 2 })
  const stranger = await postern('set', '--until', `${next}-02-03`, '--delegate', 'mina@example.com')
  expect(stranger).toMatchObject({
    code: 1,
    err: expect.stringContaining('must be the e-mail address of one colleague'),
  })
  const times = { from: `${next}-02-01T00:00:00Z`, until: 'tomorrow' }
  const malformed = await set({ ...times, delegate: 'sam@example.com' })
  expect(malformed.body.errors).toMatchObject([
    { pointer: '/until', message: expect.stringContaining('such as 2026-12-24') },
  ])
  expect((await read()).body).toEqual({ absence: null })
})

test('a colleague is found although more accounts of other providers have the same address', async () => {
  for (const id of ['a_000', 'a_001'])
    await database.asOwner(
      `INSERT INTO people (id, issuer, subject, name, email, email_verified, known_emails, groups, groups_at, signature)
       SELECT $1, 'https://former.example', $1, name, email, false, '{}', '{}', groups_at, signature FROM people WHERE email = 'sam@example.com' LIMIT 1`,
      [id],
    )
  const answer = await set({
    ...{ from: `${next}-03-01T00:00:00Z`, until: `${next}-03-02T00:00:00Z` },
    delegate: 'sam@example.com',
  })
  expectSuccess(answer, endpoints.setAbsence)
  const ended = await callRoute(endDoor, { ...as('priya'), method: 'POST', path: `${path}/end` })
  expectSuccess(ended, endpoints.endAbsence)
})

test('without a token nothing is read or changed', async () => {
  expectProblem(await callRoute(absenceDoor, { path }), 401, 'unauthenticated')
  expectProblem(await callRoute(absenceDoor, { method: 'POST', path, body: {} }), 401, 'unauthenticated')
  expectProblem(await callRoute(endDoor, { method: 'POST', path: `${path}/end` }), 401, 'unauthenticated')
})
