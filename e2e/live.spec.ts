import type { Page, Request } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import { submit } from './grants.ts'

const isStream = (request: Request) => new URL(request.url()).pathname === '/events'

/** Counts the event streams that this page opens. */
function countStreams(page: Page): { streams: number } {
  const count = { streams: 0 }
  page.on('request', (request) => {
    if (isStream(request)) count.streams += 1
  })
  return count
}

test('a new request appears in every open inbox of a browser through one stream of changes', async ({ as, api }) => {
  const [mina, first] = await Promise.all([api('mina'), as('priya')])
  const second = await first.context().newPage()
  const counts = [countStreams(first), countStreams(second)]
  const isListening = first.waitForResponse((response) => isStream(response.request()))
  // Other tests fill the inbox, and the newest request comes last.
  const reason = `Live ${crypto.randomUUID()}`
  const inbox = `/inbox?q=${encodeURIComponent(reason)}`
  await first.goto(inbox)
  const response = await isListening
  expect(response.headers()['content-type']).toContain('text/event-stream')
  await second.goto(inbox)
  const { id } = await submit(mina, { reason })
  for (const page of [first, second]) await expect(page.locator(`a[href*="${id}"]`).first()).toBeVisible()
  expect(counts.map(({ streams }) => streams)).toEqual([1, 0])
})

test('an open inbox stays current by polling when no stream can be had', async ({ as, api }) => {
  const [mina, priya] = await Promise.all([api('mina'), as('priya')])
  await priya.route('**/events', (route) => route.fulfill({ status: 204 }))
  const reason = `Polled ${crypto.randomUUID()}`
  await priya.goto(`/inbox?q=${encodeURIComponent(reason)}`)
  const { id } = await submit(mina, { reason })
  await expect(priya.locator(`a[href*="${id}"]`).first()).toBeVisible({ timeout: 30_000 })
})

test('a page keeps its title while it refreshes', async ({ as, api }) => {
  const [mina, page] = await Promise.all([api('mina'), as('mina')])
  await page.goto('/access')
  await page.evaluate(() => {
    const titles = [document.title]
    Object.assign(window, { titles })
    new MutationObserver(() => titles.push(document.title)).observe(document, { childList: true, subtree: true })
  })
  for (let refresh = 0; refresh < 3; refresh++) {
    const { id } = await submit(mina)
    await expect(page.locator(`a[href*="${id}"]`).first()).toBeVisible()
  }
  expect(await page.evaluate(() => [...new Set(Reflect.get(window, 'titles'))])).toEqual(['Access – Postern'])
})
