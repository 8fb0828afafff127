import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import { submit } from './grants.ts'

/** Counts the event streams that a page opens. */
function countStreams(page: Page): { streams: number } {
  const count = { streams: 0 }
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/events') count.streams += 1
  })
  return count
}

test('a new request appears in every open inbox of a browser through one stream of changes', async ({ as, api }) => {
  const [mina, first] = await Promise.all([api('mina'), as('priya')])
  const second = await first.context().newPage()
  const counts = [countStreams(first), countStreams(second)]
  const isListening = first.waitForResponse((response) => new URL(response.url()).pathname === '/events')
  await first.goto('/inbox')
  const response = await isListening
  expect(response.headers()['content-type']).toContain('text/event-stream')
  await second.goto('/inbox')
  const reason = `Live ${crypto.randomUUID()}`
  const { id } = await submit(mina, { reason })
  for (const page of [first, second]) await expect(page.locator(`a[href*="${id}"]`).first()).toBeVisible()
  expect(counts.map(({ streams }) => streams)).toEqual([1, 0])
})

test('an open inbox stays current by polling when no stream can be had', async ({ as, api }) => {
  const [mina, priya] = await Promise.all([api('mina'), as('priya')])
  await priya.route('**/events', (route) => route.fulfill({ status: 204 }))
  await priya.goto('/inbox')
  const { id } = await submit(mina, { reason: `Polled ${crypto.randomUUID()}` })
  await expect(priya.locator(`a[href*="${id}"]`).first()).toBeVisible({ timeout: 30_000 })
})
