import type { Page } from '@playwright/test'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import type { RequestResource } from '#lib/core/access/request-resource'
import { apiOf, expect, test as story } from './fixtures.ts'
import { submit } from './grants.ts'
import { axeFindings, colorSchemes, excessWidth, showIn } from './page-checks.ts'
import { teams } from './postern.yaml.ts'

const test = story.extend<object, { teamsAreKnown: undefined }>({
  /** Postern has read the namespaces that the stage created. */
  teamsAreKnown: [
    async ({ stage }, use) => {
      const mina = await apiOf(stage, 'mina')
      await expect
        .poll(async () => {
          const { body } = await mina<{ items: EntitlementResource[] }>('GET', '/entitlements')
          return body.items.find(({ name }) => name === 'team-debug')?.clusters[0]?.namespaces
        })
        .toEqual(teams)
      await use(undefined)
    },
    { scope: 'worker', auto: true },
  ],
})

const form = '/requests/new?entitlement=team-debug'
const namespaces = (page: Page) => page.getByLabel('Namespaces', { exact: true })
const chosen = (page: Page) => page.getByRole('grid', { name: 'Chosen namespaces' }).getByRole('row')
const options = (page: Page) => page.getByRole('option')

/** Waits until the library has replaced the plain field. */
const pickerIn = (page: Page, label: string) => page.getByRole('combobox', { name: label })

test('namespaces are suggested, typed, pasted and removed with the keyboard alone', async ({ as, api }) => {
  const [page, mina] = await Promise.all([as('mina'), api('mina')])
  await page.goto(form)
  await namespaces(page).focus()
  const picker = pickerIn(page, 'Namespaces')
  await expect(picker).toBeFocused()
  await page.keyboard.type('m-1')
  await expect(options(page)).toHaveText(teams.filter((name) => name.includes('m-1')))
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(chosen(page)).toHaveText(['team-10'])
  await expect(picker).toHaveValue('')
  // A second value is completed like the first one.
  await page.keyboard.type('02')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  // A name that isn't suggested is kept as it was typed.
  await page.keyboard.type('team-new ')
  await page.keyboard.type('team-04')
  await page.keyboard.press('Enter')
  await expect(chosen(page)).toHaveText(['team-10', 'team-02', 'team-new', 'team-04'])
  await page.keyboard.press('Backspace')
  await expect(chosen(page)).toHaveText(['team-10', 'team-02', 'team-new'])
  await page.keyboard.press('Escape')
  await page.keyboard.press('Tab')
  await expect(chosen(page).first()).toBeFocused()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Delete')
  await expect(chosen(page)).toHaveText(['team-10', 'team-02'])
  await page.getByRole('textbox', { name: 'Reason' }).fill('Team services hang')
  // The preview moves the button.
  await expect(page.getByText(/^Needs approval from/)).toBeVisible()
  await page.getByRole('button', { name: /^Request access/ }).click()
  await page.waitForURL('**/requests/req_*')
  const { body } = await mina<RequestResource>('GET', `/requests/${new URL(page.url()).pathname.split('/').at(-1)}`)
  expect(body.namespaces).toEqual(['team-02', 'team-10'])
})

test('a tag can be removed with the mouse, and after the last one the focus is in the field', async ({ as }) => {
  const page = await as('mina')
  await page.goto(form)
  await namespaces(page).click()
  await page.getByRole('option', { name: 'team-03' }).click()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Remove team-03' }).click()
  await expect(chosen(page)).toHaveCount(0)
  await expect(pickerIn(page, 'Namespaces')).toBeFocused()
})

test('text that is typed while the picker loads is kept, and so is the focus', async ({ as }) => {
  const page = await as('mina')
  await page.goto(form, { waitUntil: 'networkidle' })
  const loading = Promise.withResolvers<void>()
  await page.route('**/_next/static/**', async (route) => {
    await loading.promise
    await route.continue()
  })
  await namespaces(page).focus()
  await page.keyboard.type('team-05 team-1')
  await page.keyboard.press('ArrowLeft')
  loading.resolve()
  await expect(pickerIn(page, 'Namespaces')).toBeFocused()
  await expect(chosen(page)).toHaveText(['team-05'])
})

test('where the picker can’t be loaded, the plain field takes several names', async ({ as, api }) => {
  const [mina, client] = await Promise.all([as('mina'), api('mina')])
  // A page without the console check, because the browser logs the failed calls as errors.
  const page = await mina.context().newPage()
  await page.goto(form, { waitUntil: 'networkidle' })
  await page.route('**/_next/static/**', (route) => route.abort())
  await namespaces(page).fill('team-06, team-07')
  await page.getByRole('textbox', { name: 'Reason' }).fill('Team services hang')
  await expect(page.getByText(/^Needs approval from/)).toBeVisible()
  await page.getByRole('button', { name: /^Request access/ }).click()
  await page.waitForURL('**/requests/req_*')
  const id = new URL(page.url()).pathname.split('/').at(-1)
  expect((await client<RequestResource>('GET', `/requests/${id}`)).body.namespaces).toEqual(['team-06', 'team-07'])
})

test('without scripts, several namespaces can be typed', async ({ as, api }) => {
  const [page, mina] = await Promise.all([as('mina', { javaScriptEnabled: false }), api('mina')])
  await page.goto(form)
  await namespaces(page).fill('team-08 team-09')
  await page.getByRole('textbox', { name: 'Reason' }).fill('Team services hang')
  await page.getByRole('button', { name: /^Request access/ }).click()
  await expect(page).toHaveURL(/\/requests\/req_[0-9a-z]+$/)
  const id = new URL(page.url()).pathname.split('/').at(-1)
  expect((await mina<RequestResource>('GET', `/requests/${id}`)).body.namespaces).toEqual(['team-08', 'team-09'])
})

test('every term of the history’s filter is completed, and removed, with the keyboard alone', async ({ as, api }) => {
  const [page, mina] = await Promise.all([as('ines'), api('mina')])
  await submit(mina)
  await page.goto('/history')
  await page.getByLabel('Filter events').focus()
  const filter = pickerIn(page, 'Filter events')
  await expect(filter).toBeFocused()
  await page.keyboard.type('actor:mi')
  await expect(options(page)).toHaveText(['actor:"Mina Okafor"'])
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(filter).toHaveValue('actor:"Mina Okafor" ')
  await page.keyboard.type('typ')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(filter).toHaveValue('actor:"Mina Okafor" type:')
  await page.keyboard.type('submitted')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(filter).toHaveValue('actor:"Mina Okafor" type:request.submitted ')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL('/history?actor=Mina+Okafor&type=request.submitted')
  await page.getByRole('link', { name: 'Remove filter actor:Mina Okafor' }).focus()
  await page.keyboard.press('Enter')
  // The page may still be waiting for React, and the link then loads another one at the filter.
  await expect(page).toHaveURL(/\/history\?type=request\.submitted(#filter)?$/)
  await expect(page.getByLabel('Filter events')).toBeFocused()
  await expect(page.getByLabel('Filter events')).toHaveValue('type:request.submitted')
})

test('a removed term leaves the focus on the filter also before React has taken over the page', async ({ as }) => {
  const page = await as('ines', { javaScriptEnabled: false })
  for (const name of ['Remove filter cluster:prod-eu', 'Clear filter']) {
    await page.goto('/history?cluster=prod-eu&type=request.submitted')
    await page.getByRole('link', { name }).focus()
    await page.keyboard.press('Enter')
    await expect(page).toHaveURL(/#filter$/)
    await expect(page.getByLabel('Filter events')).toBeFocused()
  }
})

test('the palette opens from any field and finds an entitlement by its words', async ({ as }) => {
  const page = await as('mina')
  await page.goto('/history')
  await page.getByLabel('Filter events').focus()
  await expect(pickerIn(page, 'Filter events')).toBeFocused()
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('dialog', { name: 'Go to' })
  await expect(palette.getByRole('option', { name: /^Check access/ })).toBeVisible()
  await page.keyboard.type('restart prod')
  await expect(palette.getByRole('option')).toHaveText([/^Request access: Restart payment services/])
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/entitlement=payments-restart/)
  await page.keyboard.press('Control+k')
  await expect(palette.getByLabel('Destination')).toBeFocused()
  await page.keyboard.type('nothing like this')
  await expect(palette.getByText('No results.')).toBeVisible()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await expect(palette).toBeHidden()
})

for (const width of [1280, 390])
  test(`an open picker has no accessibility problem and fits the page, light or dark: ${width} px`, async ({ as }) => {
    const page = await as('mina', { viewport: { width, height: 844 } })
    const check = async (what: string) => {
      for (const colorScheme of colorSchemes) {
        await showIn(page, colorScheme)
        expect.soft(await axeFindings(page), `${what}, ${colorScheme}`).toEqual([])
        expect.soft(await excessWidth(page), `${what}, ${colorScheme}`).toBe(0)
      }
    }
    await page.goto(form)
    await namespaces(page).fill('team-01 team-02 team-')
    await expect(pickerIn(page, 'Namespaces')).toBeFocused()
    await page.keyboard.type('1')
    await expect(options(page).first()).toBeVisible()
    await page.keyboard.press('ArrowDown')
    await check('namespaces')
    await page.keyboard.press('Escape')
    await page.goto('/history')
    await page.getByLabel('Filter events').focus()
    await expect(pickerIn(page, 'Filter events')).toBeFocused()
    await page.keyboard.type('type:')
    await expect(options(page).first()).toBeVisible()
    await page.keyboard.press('ArrowDown')
    await check('filter')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+k')
    await expect(options(page).first()).toBeVisible()
    await page.keyboard.type('restart')
    await expect(options(page).first()).toHaveAttribute('data-focused', 'true')
    await check('palette')
  })
