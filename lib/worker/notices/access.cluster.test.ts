import { afterAll, expect, test } from 'vitest'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { anActiveGrant, grantReaches } from '#testing/grants'
import { asActor } from '#testing/people'
import { until } from '#testing/until'
import { startWebhookReceiver, webhookSecret } from '#testing/webhook-receiver'
import { workerBench } from '#testing/worker'

// The worker itself notifies of what it does in a real cluster.

process.env.POSTERN_WEBHOOK_SECRET = webhookSecret
const receiver = await startWebhookReceiver()
await workerBench({ notifications: { webhook: { url: receiver.url } } })
afterAll(receiver.stop)

const aboutRequest = (id: string) =>
  receiver.received().filter(({ body }) => (body.data as { request: { id: string } }).request.id === id)

test('the beginning of access, its revocation and its confirmed end reach the webhook with their times', async () => {
  const { id, lead, request } = await anActiveGrant()
  await until('its beginning is known', () => aboutRequest(request.id).length === 1)
  await revokeGrant(asActor(lead), id, { reason: 'the deploy is over' })
  await grantReaches(id, 'ended')
  await until('its end is known', () => aboutRequest(request.id).some(({ type }) => type === 'access-ended'))
  await until('its revocation is known', () => aboutRequest(request.id).length === 3)
  // A channel delivers several notices at once.
  const notices = aboutRequest(request.id).sort((a, b) =>
    String(a.body.timestamp) < String(b.body.timestamp) ? -1 : 1,
  )
  expect(notices.map(({ type }) => type)).toEqual(['access-began', 'access-revoked', 'access-ended'])
  const [began, revoked, ended] = notices.map(({ body }) => body.data)
  expect(began).toMatchObject({ access: { endedBy: null, expiresAt: expect.any(String) } })
  expect(revoked).toMatchObject({ note: { by: lead.name, text: 'the deploy is over' } })
  expect(ended).toMatchObject({ access: { endedBy: 'revocation', endedAt: expect.any(String) } })
})
