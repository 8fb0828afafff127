import type { Page } from '@playwright/test'
import { expect, type Person, test } from './fixtures.ts'
import { axeFindings } from './page-checks.ts'

// Headless Chromium has no push service, so the address at one is made up here. Everything else is real: the permission, the
// service worker, and a push that the browser itself delivers to it.

const endpoint = () => `https://fcm.googleapis.com/fcm/send/${crypto.randomUUID()}`

async function withPushService(page: Page, address: string) {
  await page.addInitScript((endpoint) => {
    // The key of RFC 8291 §5.
    const p256dh = 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4'
    const keys = { p256dh, auth: 'a'.repeat(22) }
    PushManager.prototype.getSubscription = async () => null
    PushManager.prototype.subscribe = async (options) => {
      if (typeof options?.applicationServerKey !== 'string') throw new Error('no key')
      return { endpoint, toJSON: () => ({ endpoint, keys }) } as unknown as PushSubscription
    }
  }, address)
  await page.goto('/settings')
}

const add = (page: Page) => page.getByRole('button', { name: 'Notify me in this browser' })
const list = (page: Page) => page.getByRole('list', { name: 'Browsers that notify you' })

/** The browser delivers a push to the service worker of the page, as its push service would. */
async function deliver(page: Page, data: object) {
  const session = await page.context().newCDPSession(page)
  const registered = new Promise<string>((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const id = registrations.find(({ isDeleted }) => !isDeleted)?.registrationId
      if (id !== undefined) resolve(id)
    })
  })
  await session.send('ServiceWorker.enable')
  const registrationId = await registered
  const origin = new URL(page.url()).origin
  await session.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data: JSON.stringify(data) })
}

test('a person adds this browser, which then shows what is pushed to it, and removes it', async ({ as }) => {
  const mina = await as('tomas', { permissions: ['notifications'] })
  await withPushService(mina, endpoint())
  await add(mina).press('Enter')
  await expect(list(mina).getByRole('listitem')).toContainText(['this browser'])
  await expect(add(mina)).toHaveCount(0)
  expect(await axeFindings(mina)).toEqual([])
  const notice = {
    title: 'Your access ends in ten minutes',
    body: 'Save your work.',
    tag: 'req_1',
    path: '/requests/req_1',
  }
  await deliver(mina, notice)
  const shown = () =>
    mina.evaluate(async () => {
      const notifications = await (await navigator.serviceWorker.ready).getNotifications()
      return notifications.map(({ title, body, tag, data }) => ({ title, body, tag, path: data.path }))
    })
  await expect.poll(shown).toEqual([notice])
  await list(mina)
    .getByRole('button', { name: /^Remove / })
    .press('Enter')
  await expect(list(mina)).toHaveCount(0)
  await expect(add(mina)).toBeEnabled()
})

test('a browser that blocks notifications is not added, and the page says what to do', async ({ as }) => {
  const mina = await as('tomas', { permissions: [] })
  await withPushService(mina, endpoint())
  await add(mina).click()
  await expect(mina.getByText('The browser blocks notifications of this site.')).toBeVisible()
  await expect(list(mina)).toHaveCount(0)
})

test('signing out ends the notifications in that browser', async ({ as }) => {
  const isListed = async (person: Person) => {
    const page = await as(person)
    await page.goto('/settings')
    return (await list(page).count()) > 0
  }
  const jonas = await as('jonas', { permissions: ['notifications'] })
  await withPushService(jonas, endpoint())
  await add(jonas).click()
  await expect(list(jonas)).toBeVisible()
  expect(await isListed('jonas')).toBe(true)
  await jonas.getByRole('button', { name: 'Sign out', exact: true }).click()
  await expect(jonas).toHaveURL(/signed-out|sign-in|end-session|logout/)
  await expect.poll(() => isListed('jonas')).toBe(false)
})
