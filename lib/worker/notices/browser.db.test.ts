import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { pruneBrowsers, subscriptionsOf } from '#lib/adapters/db/notices/browsers'
import type { PersonActor } from '#lib/core/access/actor'
import { weekdays } from '#lib/core/access/quiet-hours-in-words'
import { endOtherSessions } from '#lib/operations/end-other-sessions'
import { addBrowser, removeBrowser } from '#lib/operations/notify-in-browser'
import { setNoticePreferences } from '#lib/operations/set-notice-preferences'
import { submitRequest } from '#lib/operations/submit-request'
import { ownBrowsers } from '#lib/views/own-browsers'
import { testBench } from '#testing/bench'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { decide } from '#testing/decisions'
import { eventTypesWhere } from '#testing/events'
import { noticesWhere, notifyAll, whileNotifying } from '#testing/notices'
import { anActor, isNowIn } from '#testing/people'
import { startPushService, vapidKeys } from '#testing/push-service'
import { rejectionOf } from '#testing/rejection'
import { aSubmission } from '#testing/requests'
import { until } from '#testing/until'

// Pushes to a push service on loopback, which verifies the sender and decrypts what each browser would.

const { publicKey, privateKey } = vapidKeys()
process.env.POSTERN_VAPID_KEY = privateKey
const service = await startPushService(publicKey)
const withBrowsers = (overrides: object = {}, openAddresses: string[] = ['127.0.0.1']) =>
  aConfiguration({
    openAddresses,
    notifications: {
      browser: { publicKey, contact: 'mailto:ops@example.com', services: [service.host], ...overrides },
    },
    entitlements: [
      anEntitlementDocument(),
      anEntitlementDocument({ name: 'break-glass', breakGlass: { security: ['security-audit'] } }),
    ],
  })
const { database, policy } = await testBench({ configuration: withBrowsers() })
afterEach(() => service.answer(undefined))
afterAll(service.stop)

let mina: PersonActor
let priya: PersonActor
beforeEach(async () => {
  mina = await anActor({ name: 'Mina Okafor' })
  priya = await anActor({ name: 'Priya Nair', groups: ['payments-leads'] })
})
afterEach(async () => {
  await isNowIn(priya.person, [])
  await database.asApp('UPDATE notices SET next_attempt_at = now() WHERE outcome IS NULL')
  service.answer(undefined)
  await notifyAll()
})

/** A browser of Priya's, and what it shows. */
async function aBrowser(actor = priya) {
  const browser = service.subscribe()
  const { id } = await addBrowser(actor, browser.subscription, 'Firefox on Linux')
  return { ...browser, id }
}
const noticesOf = (requestId: string) => noticesWhere({ where: { requestId, channel: 'browser' } })
const browsersOf = async (actor: PersonActor) => (await ownBrowsers(actor, undefined)).browsers.map(({ id }) => id)

test('an approver reads in their browser that a request waits and who decided it, and nothing that someone wrote', async () => {
  const { received, topics } = await aBrowser()
  const sam = await anActor({ name: 'Sam Rivera', groups: ['payments-leads'] })
  const request = await submitRequest(mina, aSubmission({ reason: 'the payments deployment hangs' }))
  await notifyAll()
  await decide(sam, request)
  await notifyAll()
  expect(service.refused()).toEqual([])
  expect(received).toMatchObject([
    {
      title: expect.stringMatching(/^Mina Okafor requests access: /),
      path: `/requests/${request.id}`,
      tag: request.id,
    },
    { title: expect.stringMatching(/was approved by Sam Rivera/), path: `/requests/${request.id}`, tag: request.id },
  ])
  expect(Object.keys(received[0] ?? {}).sort()).toEqual(['body', 'path', 'tag', 'title'])
  expect(JSON.stringify(received)).not.toContain('deployment hangs')
  // A push service replaces a message about the same request that it has not delivered yet.
  expect(topics[0]).toBe(topics[1])
  expect(topics[0]).toMatch(/^[\w-]{32}$/)
})

test('someone without a browser has no such notice, and nor has someone who may not decide', async () => {
  const { received } = await aBrowser(await anActor({ name: 'Jonas Weber', groups: ['search-dev'] }))
  const { id } = await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(await noticesOf(id)).toEqual([])
  expect(received).toEqual([])
})

test('a kind that a person does not want is not pushed, and quiet hours hold what can wait but not break-glass access', async () => {
  const { received } = await aBrowser()
  await setNoticePreferences(priya, { muted: ['request-waits'] })
  await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(received).toEqual([])
  const timeIn = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16)
  const quietHours = { from: timeIn(-1), until: timeIn(2), days: [...weekdays], zone: 'UTC' }
  await setNoticePreferences(priya, { muted: [], quietHours })
  const held = await submitRequest(mina, aSubmission())
  await submitRequest(mina, aSubmission({ entitlement: 'break-glass', reason: 'checkout is down and no one answers' }))
  await whileNotifying((wake) =>
    until('the quiet hours hold one', async () => {
      wake()
      return (await noticesOf(held.id))[0]?.heldUntil != null && received.length > 0
    }),
  )
  expect(received.map(({ title }) => title)).toEqual([expect.stringContaining('uses break-glass access')])
  await setNoticePreferences(priya, { quietHours: null })
  await notifyAll()
  expect(received).toMatchObject([{}, { path: `/requests/${held.id}` }])
})

test.each([404, 410])(
  'a browser that its push service answers with %i is removed, and the others still get the notice',
  async (status) => {
    const gone = await aBrowser()
    const there = await aBrowser()
    service.answer({ status }, gone.subscription.endpoint)
    const { id } = await submitRequest(mina, aSubmission())
    await notifyAll()
    expect(there.received).toHaveLength(1)
    expect(await browsersOf(priya)).toEqual([there.id])
    expect(await noticesOf(id)).toMatchObject([{ outcome: 'sent' }])
  },
)

test('a notice to someone whose only browser is gone is dropped', async () => {
  const { subscription } = await aBrowser()
  service.answer({ status: 410 }, subscription.endpoint)
  const { id } = await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(await noticesOf(id)).toMatchObject([{ outcome: 'dropped' }])
})

test.each([
  [{ status: 429, headers: { 'retry-after': '1200' } }, 1_200],
  [{ status: 503 }, 0],
])('after the answer %j the notice waits as long as it says, and those to other people do not', async (how, waits) => {
  const { subscription, received } = await aBrowser()
  const sam = await anActor({ name: 'Sam Rivera', groups: ['payments-leads'] })
  const other = await aBrowser(sam)
  service.answer(how, subscription.endpoint)
  const began = Date.now()
  const { id } = await submitRequest(mina, aSubmission())
  const mine = async () => (await noticesOf(id)).find(({ recipient }) => recipient === priya.person.id)
  await whileNotifying(async (wake) => {
    await until('it has failed', async () => (await mine())?.lastError != null)
    await submitRequest(mina, aSubmission())
    wake()
    await until('someone else is notified of both', () => other.received.length === 2)
  })
  expect(await mine()).toMatchObject({ outcome: null, lastError: expect.stringContaining(`responded ${how.status}`) })
  expect(((await mine())?.nextAttemptAt?.getTime() ?? 0) - began).toBeGreaterThanOrEqual(waits * 1000)
  service.answer(undefined, subscription.endpoint)
  await database.asApp('UPDATE notices SET next_attempt_at = now() WHERE outcome IS NULL')
  await notifyAll()
  expect(received).toHaveLength(2)
  await isNowIn(sam.person, [])
})

test('a browser that has a notice does not show it again because another one has failed', async () => {
  const [failing, there] = [await aBrowser(), await aBrowser()]
  service.answer({ status: 500 }, failing.subscription.endpoint)
  const { id } = await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(there.received).toHaveLength(1)
  expect(await noticesOf(id)).toMatchObject([{ outcome: 'sent', attempts: 1 }])
})

test.each([
  'https://10.0.0.1/push',
  'https://169.254.169.254/latest/meta-data',
  'https://postgres.postern.svc/push',
  'http://fcm.googleapis.com/push',
])('the address %s, which is of no configured push service, is refused', async (endpoint) => {
  const { subscription } = service.subscribe()
  expect((await rejectionOf(addBrowser(priya, { ...subscription, endpoint }, 'Firefox'))).errors).toEqual([
    { pointer: '/endpoint', message: 'is not an address of a push service in notifications.browser.services' },
  ])
})

test('an internal address is not called, even if its host is a configured push service', async () => {
  await aBrowser()
  await policy.change(withBrowsers({}, []))
  const { id } = await submitRequest(mina, aSubmission())
  const error = async () => (await noticesOf(id))[0]?.lastError ?? ''
  await whileNotifying(() => until('it says why', async () => (await error()).includes('internal address')))
  await policy.reset()
})

test('a browser of a push service that the configuration no longer names is removed', async () => {
  await aBrowser()
  await policy.change(withBrowsers({ services: ['fcm.googleapis.com'] }))
  await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(await browsersOf(priya)).toEqual([])
  await policy.reset()
})

test('a private key that does not belong to the public one sends nothing, and admins read why', async () => {
  await aBrowser()
  await policy.change(withBrowsers({ publicKey: vapidKeys().publicKey }))
  const { id } = await submitRequest(mina, aSubmission())
  const error = async () => (await noticesOf(id))[0]?.lastError ?? ''
  await whileNotifying(() => until('it says why', async () => (await error()).includes('does not belong to')))
  await policy.reset()
})

test('a person lists and removes their own browsers only, at most ten, and both are in the history', async () => {
  const [first, second] = [await aBrowser(), await aBrowser()]
  expect((await ownBrowsers(priya, first.id)).browsers).toMatchObject([
    { id: second.id, label: 'Firefox on Linux', isThis: false },
    { id: first.id, label: 'Firefox on Linux', isThis: true },
  ])
  expect(JSON.stringify(await ownBrowsers(priya, first.id))).not.toContain('/push/')
  expect(await rejectionOf(removeBrowser(mina, first.id))).toMatchObject({ code: 'not-found' })
  await removeBrowser(priya, first.id)
  expect(await browsersOf(priya)).toEqual([second.id])
  expect(await eventTypesWhere({ actorId: priya.person.id, type: { startsWith: 'notices.browser' } })).toEqual([
    ...['notices.browser-added', 'notices.browser-added', 'notices.browser-removed'],
  ])
  for (let count = 1; count < 10; count += 1) await aBrowser()
  const eleventh = addBrowser(priya, service.subscribe().subscription, 'Firefox')
  expect((await rejectionOf(eleventh)).errors[0]?.message).toContain('in 10 browsers already')
  expect(await browsersOf(priya)).toHaveLength(10)
})

test('a browser that another person adds notifies only them from then on', async () => {
  const { subscription, received } = await aBrowser()
  await addBrowser(mina, subscription, 'Firefox')
  expect(await browsersOf(priya)).toEqual([])
  await submitRequest(mina, aSubmission())
  await notifyAll()
  expect(received).toEqual([])
})

test('signing out everywhere else ends the notifications of all other browsers', async () => {
  const [here] = [await aBrowser(), await aBrowser()]
  await endOtherSessions(priya, 'ses_none', here.id)
  expect(await browsersOf(priya)).toEqual([here.id])
})

test('the browsers of someone whom the provider has not confirmed for thirty days are removed, and notified of nothing before', async () => {
  const left = await aBrowser(mina)
  const kept = await aBrowser()
  await database.asOwner(`UPDATE people SET groups_at = now() - interval '31 days' WHERE id = $1`, [mina.person.id])
  expect(await subscriptionsOf(mina.person.id)).toEqual([])
  expect(await browsersOf(mina)).toEqual([left.id])
  await pruneBrowsers()
  expect(await browsersOf(mina)).toEqual([])
  expect(await browsersOf(priya)).toEqual([kept.id])
})
