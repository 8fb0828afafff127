import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import { submit } from './grants.ts'
import { axeFindings } from './page-checks.ts'

const exactTimes = (page: Page) =>
  page
    .getByRole('list', { name: 'Life of this request' })
    .locator('time')
    .evaluateAll((times) => times.map((time) => ({ text: time.textContent, at: time.getAttribute('datetime') })))

async function save(page: Page) {
  await page.getByRole('button', { name: 'Save settings' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible()
}

/** `2026-11-26 10:14:05 UTC+1`: the text of an instant an hour east of UTC. */
const inLagos = (at: string | null) =>
  `${new Date(Date.parse(at ?? '') + 3_600_000).toISOString().slice(0, 19).replace('T', ' ')} UTC+1`
const inUtc = (at: string | null) => `${new Date(at ?? '').toISOString().slice(0, 19).replace('T', ' ')} UTC`

test('the server already writes each time in the zone of the browser, and the page keeps it', async ({ as, api }) => {
  const request = await submit(await api('mina'))
  // A zone without summer time.
  const mina = await as('mina', { timezoneId: 'Africa/Lagos' })
  // Where everyone signs in, their browser tells its zone.
  await mina.goto('/sign-in')
  await mina.waitForFunction(() => document.cookie.includes('Africa'))
  const response = await mina.goto(`/requests/${request.id}`)
  const html = (await response?.text()) ?? ''
  const times = await exactTimes(mina)
  expect(times.length).toBeGreaterThan(0)
  for (const { text, at } of times) {
    expect(text).toBe(inLagos(at))
    expect(html).toContain(`>${text}</time>`)
  }
  await expect(mina.locator('time', { hasText: times[0]?.text ?? '' }).first()).toHaveAttribute(
    'title',
    inUtc(times[0]?.at ?? null),
  )
})

test('a person chooses the zone of their times, or UTC first', async ({ as, api }) => {
  const request = await submit(await api('mina'))
  const mina = await as('mina')
  await mina.goto('/settings')
  await mina.getByRole('combobox', { name: 'Time zone', exact: true }).selectOption('Africa/Lagos')
  await save(mina)
  await mina.goto(`/requests/${request.id}`)
  for (const { text, at } of await exactTimes(mina)) expect(text).toBe(inLagos(at))
  await mina.goto('/settings')
  await mina.getByRole('radio', { name: /^in UTC/ }).check()
  await save(mina)
  await mina.goto(`/requests/${request.id}`)
  const times = await exactTimes(mina)
  for (const { text, at } of times) expect(text).toBe(inUtc(at))
  await expect(mina.locator('time', { hasText: times[0]?.text ?? '' }).first()).toHaveAttribute(
    'title',
    inLagos(times[0]?.at ?? null),
  )
})

test('a person who switches single keys off keeps only the palette', async ({ as }) => {
  const mina = await as('mina')
  await mina.goto('/settings')
  await mina.getByRole('radio', { name: /^off/ }).check()
  await save(mina)
  await mina.goto('/access')
  for (const key of ['g', 'h', '?', '/']) await mina.keyboard.press(key)
  await expect(mina).toHaveURL('/access')
  await expect(mina.getByRole('dialog')).toHaveCount(0)
  await mina.keyboard.press('Control+k')
  await expect(mina.getByRole('dialog', { name: 'Go to' })).toBeVisible()
})

test('signing out everywhere else ends the sessions of all other browsers and keeps this one', async ({ as }) => {
  const [here, laptop, ines] = await Promise.all([as('sam'), as('sam'), as('ines')])
  await here.goto('/settings')
  await here.getByRole('button', { name: 'Sign out everywhere else' }).click()
  await expect(here.getByText('You are signed in nowhere else.')).toBeVisible()
  await laptop.goto('/access')
  await expect(laptop).toHaveURL(/\/sign-in/)
  await here.goto('/access')
  await expect(here.getByRole('heading', { level: 1, name: 'Access' })).toBeVisible()
  await ines.goto('/history?type=sessions.ended')
  await expect(ines.getByRole('row').filter({ hasText: 'Sam Duarte' }).first()).toContainText(
    'signed out everywhere else',
  )
})

test('settings are kept without scripts', async ({ as }) => {
  const mina = await as('mina', { javaScriptEnabled: false })
  await mina.goto('/settings')
  await mina.getByRole('radio', { name: 'dark' }).check()
  await mina.getByRole('button', { name: 'Save settings' }).click()
  await expect(mina.locator('html')).toHaveAttribute('data-theme', 'dark')
  await expect(mina.getByRole('radio', { name: 'dark' })).toBeChecked()
})

test('a person says that they are away and who is notified instead, without scripts, and may be back earlier', async ({
  as,
}) => {
  await as('sam')
  const priya = await as('priya', { javaScriptEnabled: false })
  await priya.goto('/settings')
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
  await priya.getByLabel('First day').fill(day(3))
  await priya.getByLabel('Last day').fill(day(6))
  await priya.getByLabel('Colleague').fill('nobody@example.com')
  await priya.getByRole('button', { name: 'Save the absence' }).click()
  await expect(priya.getByText('must be the e-mail address of one colleague').first()).toBeVisible()
  await expect(priya.getByLabel('First day')).toHaveValue(day(3))
  await priya.getByLabel('Colleague').fill('sam@example.com')
  await priya.getByRole('button', { name: 'Save the absence' }).click()
  await expect(priya.getByText(/You are away from .* Sam Duarte is notified instead/)).toBeVisible()
  await priya.getByRole('button', { name: 'End the absence' }).click()
  await expect(priya.getByLabel('Colleague')).toBeVisible()
})

test('a person sets quiet hours with the keyboard, is told what is wrong with them, and ends them', async ({ as }) => {
  const mina = await as('mina')
  await mina.goto('/settings')
  const days = mina.getByRole('group', { name: 'Beginning on' })
  for (const day of await days.getByRole('checkbox').all()) await day.press('Space')
  await mina.getByLabel('From').fill('21:30')
  await mina.getByLabel('Time zone of your quiet hours').selectOption('America/New_York')
  await mina.getByRole('button', { name: 'Save the quiet hours' }).press('Enter')
  await expect(days.getByText('must have at least one day')).toBeVisible()
  await expect(mina.getByLabel('From')).toHaveValue('21:30')
  await days.getByRole('checkbox', { name: 'Friday' }).press('Space')
  await mina.getByRole('button', { name: 'Save the quiet hours' }).press('Enter')
  await expect(
    mina.getByText('Your notices wait from 21:30 to 07:00 (America/New_York), beginning on Friday.'),
  ).toBeVisible()
  expect(await axeFindings(mina)).toEqual([])
  await mina.getByRole('button', { name: 'End the quiet hours' }).press('Enter')
  await expect(mina.getByLabel('From')).toHaveValue('22:00')
})

test('quiet hours are kept and ended without scripts', async ({ as }) => {
  const jonas = await as('jonas', { javaScriptEnabled: false })
  await jonas.goto('/settings')
  const timeIn = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16)
  await jonas.getByLabel('From').fill(timeIn(-1))
  await jonas.getByLabel('Until', { exact: true }).fill(timeIn(3))
  await jonas.getByLabel('Time zone of your quiet hours').selectOption('UTC')
  await jonas.getByRole('button', { name: 'Save the quiet hours' }).click()
  await expect(
    jonas.getByText(`Your notices wait from ${timeIn(-1)} to ${timeIn(3)} (UTC), beginning on every day.`),
  ).toBeVisible()
  await jonas.getByRole('button', { name: 'End the quiet hours' }).click()
  await expect(jonas.getByLabel('From')).toBeVisible()
})
