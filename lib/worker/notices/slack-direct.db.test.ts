import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { setNoticePreferences } from '#lib/operations/set-notice-preferences'
import { submitRequest } from '#lib/operations/submit-request'
import { testBench } from '#testing/bench'
import { slackToken, startChatServer } from '#testing/chat-server'
import { aConfiguration } from '#testing/configuration'
import { decide } from '#testing/decisions'
import { noticesWhere, notifyAll, whileNotifying } from '#testing/notices'
import { anActor, isNowIn } from '#testing/people'
import { aSubmission } from '#testing/requests'
import { until } from '#testing/until'

const server = await startChatServer()
process.env.POSTERN_SLACK_TOKEN = slackToken
const { database } = await testBench({
  configuration: aConfiguration({ notifications: { slack: { direct: true, apiUrl: server.slackUrl } } }),
})
afterAll(server.stop)

let mina: PersonActor
let priya: PersonActor
let withPriya: string
let count = 0
beforeEach(async () => {
  count += 1
  mina = await anActor({ name: 'Mina Okafor' })
  priya = await anActor({ name: 'Priya Nair', email: `priya-${count}@example.com`, groups: ['payments-leads'] })
  withPriya = server.addUser(`priya-${count}@example.com`)
})
afterEach(async () => {
  server.answer(undefined)
  await isNowIn(priya.person, [])
  await database.asApp('UPDATE notices SET next_attempt_at = now() WHERE outcome IS NULL')
  await notifyAll()
})
const messagesIn = (room: string) =>
  server
    .messages()
    .filter(({ channel }) => channel === room)
    .map(({ body, changes }) => ({ text: body.text, changes }))
const noticesTo = ({ person }: PersonActor, requestId: string) =>
  noticesWhere({ where: { requestId, channel: 'slack-direct', recipient: person.id } })

test('an approver gets one direct message for a request, which says who handled it once it is decided', async () => {
  const sam = await anActor({ name: 'Sam Rivera', groups: ['payments-leads'] })
  const request = await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(messagesIn(withPriya)).toEqual([{ text: expect.stringMatching(/^Mina Okafor requests access/), changes: 0 }])
  await decide(sam, request)
  await notifyAll()
  expect(messagesIn(withPriya)).toEqual([{ text: expect.stringContaining('was approved by Sam Rivera'), changes: 1 }])
  await isNowIn(sam.person, [])
})

test('no channel gets a message, nor does someone who may not decide', async () => {
  const jonas = await anActor({ name: 'Jonas Weber', email: `jonas-${count}@example.com`, groups: ['search-dev'] })
  const withJonas = server.addUser(`jonas-${count}@example.com`)
  const { id } = await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(await noticesTo(jonas, id)).toEqual([])
  expect(messagesIn(withJonas)).toEqual([])
  expect(server.messages().filter(({ channel }) => !channel.startsWith('D'))).toEqual([])
})

test('a kind that a person does not want is not sent to them', async () => {
  await setNoticePreferences(priya, { muted: ['request-waits'] })
  await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(messagesIn(withPriya)).toEqual([])
})

test.each([
  ['has no account in the workspace', undefined],
  ['has a deactivated account', { deleted: true }],
])('the notice of an approver who %s is dropped, and the others get theirs', async (_what, user) => {
  const email = `sam-${count}@example.com`
  const sam = await anActor({ name: 'Sam Rivera', email, groups: ['payments-leads'] })
  const withSam = user && server.addUser(email, user)
  const { id } = await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(await noticesTo(sam, id)).toMatchObject([{ outcome: 'dropped' }])
  expect(messagesIn(withSam ?? 'none')).toEqual([])
  expect(messagesIn(withPriya)).toHaveLength(1)
  await isNowIn(sam.person, [])
})

test.each([
  [{ status: 429, headers: { 'retry-after': '1200' } }, 'responded 429', 1200],
  [{ json: { ok: false, error: 'missing_scope' } }, 'responded missing_scope', 0],
  [{ status: 503 }, 'responded 503', 0],
])('after the answer %j of Slack the message waits and is sent later, once', async (how, why, waits) => {
  server.answer(how)
  const began = Date.now()
  const { id } = await submitRequest(mina, aSubmission())
  const mine = async () => (await noticesTo(priya, id))[0]
  await whileNotifying(() => until('it has failed', async () => (await mine())?.lastError?.includes(why) === true))
  expect(((await mine())?.nextAttemptAt?.getTime() ?? 0) - began).toBeGreaterThanOrEqual(waits * 1000)
  server.answer(undefined)
  await database.asApp('UPDATE notices SET next_attempt_at = now() WHERE outcome IS NULL')
  await notifyAll()
  expect(await noticesTo(priya, id)).toMatchObject([{ outcome: 'sent' }])
  expect(messagesIn(withPriya)).toHaveLength(1)
})

test('a direct message that was deleted is followed by a new one', async () => {
  const request = await submitRequest(mina, aSubmission())
  await notifyAll()
  server.deleteAll()
  const sam = await anActor({ name: 'Sam Rivera', groups: ['payments-leads'] })
  await decide(sam, request)
  await notifyAll()
  expect(messagesIn(withPriya)).toMatchObject([{ changes: 0 }])
  await isNowIn(sam.person, [])
})

test('when another person takes over an address in Slack, the messages to the one before them stay as they were', async () => {
  const request = await submitRequest(mina, aSubmission())
  await notifyAll()
  const withAnother = server.addUser(`priya-${count}@example.com`)
  const sam = await anActor({ name: 'Sam Rivera', groups: ['payments-leads'] })
  await decide(sam, request)
  await notifyAll()
  expect(messagesIn(withPriya)).toMatchObject([{ changes: 0 }])
  expect(messagesIn(withAnother)).toMatchObject([{ text: expect.stringContaining('was approved'), changes: 0 }])
  await isNowIn(sam.person, [])
})
