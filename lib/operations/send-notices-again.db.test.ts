import { expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { attention } from '#lib/views/attention'
import { listNotices } from '#lib/views/list-notices'
import { testBench } from '#testing/bench'
import { lastEventData } from '#testing/events'
import { companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aSubmission } from '#testing/requests'
import { sendNoticesAgain } from './send-notices-again.ts'
import { submitRequest } from './submit-request.ts'

const { database } = await testBench()
const { mina, ines, ola } = await companyActors('mina', 'ines', 'ola')
const sentences = async (actor: typeof ola) =>
  (await attention(actor)).filter(({ kind }) => kind === 'notices-undelivered').map(({ sentence }) => sentence)

/** A notice to Ola about a request of Mina, which was given up. */
async function aDeadNotice(channel: string) {
  const { id } = await submitRequest(mina, aSubmission())
  const [entry] = await database.asApp<{ event_id: string }>('SELECT event_id FROM outbox WHERE request_id = $1', [id])
  await database.asApp(
    `INSERT INTO notices (id, event_id, kind, request_id, channel, recipient)
     VALUES ($1, $2, 'request-waits', $3, $4, $5)`,
    [`ntc_${id}`, entry?.event_id, id, channel, ola.person.id],
  )
  await database.asApp(
    `UPDATE notices SET outcome = 'dead', outcome_at = now(), next_attempt_at = NULL, attempts = 17, last_error = 'mail.example.com: ECONNREFUSED'
     WHERE id = $1`,
    [`ntc_${id}`],
  )
  return id
}
test('admins and auditors see what was given up and why, and only admins can send it again', async () => {
  const id = await aDeadNotice('email')
  await aDeadNotice('webhook')
  expect(await rejectionOf(listNotices(mina))).toMatchObject({ code: 'not-found' })
  for (const actor of [ines, ola]) {
    const { channels, dead } = await listNotices(actor)
    expect(channels.map(({ channel, dead }) => [channel, dead])).toEqual([
      ['email', 1],
      ['webhook', 1],
    ])
    expect(dead.find(({ requestId }) => requestId === id)).toMatchObject({ recipient: 'Ola Nowak', attempts: 17 })
  }
  expect(await sentences(ola)).toEqual([
    'E-mail: 1 notice was given up. Last error: mail.example.com: ECONNREFUSED. See /notices.',
    'Webhook: 1 notice was given up. Last error: mail.example.com: ECONNREFUSED. See /notices.',
  ])
  expect(await sentences(mina)).toEqual([])

  expect(await rejectionOf(sendNoticesAgain(mina, { channel: 'email' }))).toMatchObject({ code: 'not-found' })
  expect(await rejectionOf(sendNoticesAgain(ines, { channel: 'email' }))).toMatchObject({ code: 'forbidden' })
  expect(await lastEventData({ type: 'notices.send-again-refused' })).toMatchObject({ code: 'forbidden' })
  expect(await db().notice.count({ where: { outcome: 'dead' } })).toBe(2)

  expect(await sendNoticesAgain(ola, { channel: 'email' })).toEqual({ count: 1 })
  expect(await lastEventData({ type: 'notices.sent-again' })).toEqual({ channel: 'email', count: 1 })
  const waiting = await db().notice.findMany({ where: { outcome: null } })
  expect(waiting).toMatchObject([{ requestId: id, channel: 'email', attempts: 0 }])
  expect(await db().notice.count({ where: { outcome: 'dead', channel: 'webhook' } })).toBe(1)
})
