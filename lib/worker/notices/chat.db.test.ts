import { afterAll, afterEach, expect, test } from 'vitest'
import { addComment } from '#lib/operations/add-comment'
import { submitRequest } from '#lib/operations/submit-request'
import { testBench } from '#testing/bench'
import { slackToken, startChatServer } from '#testing/chat-server'
import { aConfiguration } from '#testing/configuration'
import { decide } from '#testing/decisions'
import { noticesWhere, notifyAll, whileNotifying } from '#testing/notices'
import { anActor } from '#testing/people'
import { aSubmission } from '#testing/requests'
import { until } from '#testing/until'

const server = await startChatServer()
process.env.POSTERN_SLACK_TOKEN = slackToken
process.env.POSTERN_TEAMS_URL = server.teamsUrl
const { database } = await testBench({
  configuration: aConfiguration({
    notifications: { slack: { channel: 'C0ROOM', apiUrl: server.slackUrl }, teams: {} },
  }),
})
afterEach(() => server.answer(undefined))
afterAll(server.stop)

const mina = await anActor({ name: 'Mina Okafor' })
const priya = await anActor({ name: 'Priya Nair', groups: ['payments-leads'] })
const aboutIn = <T>(list: readonly T[], id: string) => list.filter((one) => JSON.stringify(one).includes(id))
const slackNotices = (requestId: string) => noticesWhere({ where: { requestId, channel: 'slack' } })
const makeDue = () => database.asApp('UPDATE notices SET next_attempt_at = now() WHERE outcome IS NULL')

test('a request is one message in Slack, which says who handled it once it is decided', async () => {
  const request = await submitRequest(mina, aSubmission())
  await notifyAll()
  const [message] = aboutIn(server.messages(), request.id)
  expect(JSON.stringify(message?.body)).toContain('Mina Okafor requests access')
  expect(JSON.stringify(message?.body)).toContain(`/requests/${request.id}`)
  await decide(priya, request)
  await notifyAll()
  const messages = aboutIn(server.messages(), request.id)
  expect(messages).toHaveLength(1)
  expect(messages[0]?.changes).toBe(1)
  expect(JSON.stringify(messages[0]?.body)).toContain('was approved by Priya Nair')
})

test('a message is changed in the order of the events, also if the earlier notice is retried later', async () => {
  const request = await submitRequest(mina, aSubmission())
  server.answer({ status: 500 })
  await whileNotifying(async (wake) => {
    await until('Slack was tried', async () => {
      wake()
      return (await slackNotices(request.id)).some(({ attempts }) => attempts > 0)
    })
  })
  await addComment(priya, request.id, { text: 'Which deployment?' })
  const putOff = `UPDATE notices SET next_attempt_at = now() + interval '1 second' WHERE kind = 'request-waits' AND outcome IS NULL`
  await database.asApp(putOff)
  server.answer(undefined)
  await notifyAll()
  const messages = aboutIn(server.messages(), request.id)
  expect(messages).toHaveLength(1)
  expect(JSON.stringify(messages[0]?.body)).toContain('commented on the request')
})

test('a message that someone deleted in Slack is followed by a new one', async () => {
  const request = await submitRequest(mina, aSubmission())
  await notifyAll()
  server.deleteAll()
  await decide(priya, request, { decision: 'deny' })
  await notifyAll()
  expect(aboutIn(server.messages(), request.id)).toMatchObject([{ changes: 0 }])
})

test('Teams gets a card for each notice, whose texts are read as text', async () => {
  const reason = 'look at [this](https://evil.example) and **that**'
  const request = await submitRequest(mina, aSubmission({ reason }))
  await notifyAll()
  const cards = aboutIn(server.cards(), request.id)
  expect(cards).toMatchObject([
    { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive' }] },
  ])
  const text = JSON.stringify(cards)
  expect(text).toContain(reason)
  // A TextBlock and a Fact would read Markdown.
  expect(text).not.toMatch(/"TextBlock"|"FactSet"/)
})

test('text from people is neither a mention nor a link nor an emoji in Slack', async () => {
  const eve = await anActor({ name: '<!channel> Eve <https://evil.example|click>' })
  const { id } = await submitRequest(
    eve,
    aSubmission({ reason: '<@U123> :skull: <https://evil.example|docs> & *bold*' }),
  )
  await notifyAll()
  const [message] = aboutIn(server.messages(), id)
  const text = JSON.stringify(message?.body)
  expect(text).not.toMatch(/<[!@h]/)
  expect(text).not.toContain('mrkdwn')
  expect(text).toContain('&lt;!channel&gt;')
})

test.each([
  [{ status: 429, headers: { 'retry-after': '1200' } }, 'responded 429', 1200],
  [{ json: { ok: false, error: 'invalid_auth' } }, 'responded invalid_auth', 0],
  [{ json: { ok: false, error: 'channel_not_found' } }, 'responded channel_not_found', 0],
  [{ status: 503 }, 'responded 503', 0],
  [{ json: { ok: false, error: 'no <code>' } }, 'responded unknown_error', 0],
])('after the answer %j of Slack the notice waits and is sent later', async (how, why, waits) => {
  server.answer(how)
  const { id } = await submitRequest(mina, aSubmission())
  const began = Date.now()
  const failed = async () => (await slackNotices(id))[0]?.lastError?.includes(why) === true
  await whileNotifying(() => until('it has failed', failed))
  const [notice] = await slackNotices(id)
  expect((notice?.nextAttemptAt?.getTime() ?? 0) - began).toBeGreaterThanOrEqual(waits * 1000)
  server.answer(undefined)
  await makeDue()
  await notifyAll()
  expect(await slackNotices(id)).toMatchObject([{ outcome: 'sent' }])
})

test('a message that Slack can’t read is given up, and holds up no other', async () => {
  server.answer({ json: { ok: false, error: 'invalid_blocks' } })
  const { id } = await submitRequest(mina, aSubmission())
  const dead = async () => (await slackNotices(id))[0]?.outcome === 'dead'
  await whileNotifying(() => until('it is given up', dead))
  server.answer(undefined)
  await makeDue()
  await notifyAll()
})

test('a slow channel does not delay another, nor a decision', async () => {
  server.answer('hang')
  const request = await submitRequest(mina, aSubmission())
  await whileNotifying(async (wake) => {
    await until('Slack does not answer', async () => (await slackNotices(request.id))[0]?.leasedBy !== null)
    await until('Teams has the card', () => aboutIn(server.cards(), request.id).length === 1)
    await decide(priya, request)
    wake()
    await until('Teams has the decision', () => aboutIn(server.cards(), request.id).length === 2)
    expect(aboutIn(server.messages(), request.id)).toEqual([])
    server.answer(undefined)
  })
  await makeDue()
  await notifyAll()
  expect((await slackNotices(request.id)).map(({ outcome }) => outcome)).not.toContain(null)
})
