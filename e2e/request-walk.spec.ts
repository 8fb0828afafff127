import type { Locator, Page } from '@playwright/test'
import type { RequestResource } from '#lib/core/access/request-resource'
import { expect, test } from './fixtures.ts'
import { axeFindings, excessWidth } from './page-checks.ts'
import { waitForReact } from './react.ts'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

/** Counts what a person does besides typing and pasting. */
function taps() {
  let count = 0
  return {
    tap: async (target: Locator) => {
      count += 1
      await target.tap()
    },
    count: () => count,
  }
}

/** Pastes text into the focused field, with the event that a clipboard causes. */
async function paste(page: Page, text: string) {
  await page.evaluate((pasted) => {
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/plain', pasted)
    const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
    if (document.activeElement?.dispatchEvent(event)) document.execCommand('insertText', false, pasted)
  }, text)
}

test('on a phone, an engineer submits a request from a pasted error in three taps besides typing', async ({
  as,
  api,
}) => {
  const [page, jonas] = await Promise.all([as('jonas', phone), api('jonas')])
  const { tap, count } = taps()
  await page.goto('/access')
  await tap(page.getByRole('textbox', { name: /Paste a Forbidden error/ }))
  const name = `cart-${crypto.randomUUID().slice(0, 8)}`
  await paste(
    page,
    `Error from server (Forbidden): deployments.apps "${name}" is forbidden: User "jonas" cannot patch resource "deployments" in API group "apps" in the namespace "search"`,
  )
  await expect(page.getByRole('heading', { level: 1, name: 'Debug search' })).toBeVisible()
  await waitForReact(page)
  await tap(page.getByRole('textbox', { name: 'Reason' }))
  await page.keyboard.type('Search times out since the release')
  await tap(page.getByRole('button', { name: /^Request access for/ }))
  await page.waitForURL('**/requests/req_*')
  expect(count()).toBeLessThanOrEqual(3)
  const id = new URL(page.url()).pathname.split('/').at(-1)
  const { body } = await jonas<RequestResource>('GET', `/requests/${id}`)
  // The name in the error is kept, and nothing else is requested.
  expect(body).toMatchObject({
    namespaces: ['search'],
    rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['patch'], resourceNames: [name] }],
  })
})

test('the rule editor offers only what the cluster serves, with the verbs of each resource', async ({ as, api }) => {
  const [page, jonas] = await Promise.all([as('jonas', phone), api('jonas')])
  await page.goto('/requests/new?entitlement=search-debug')
  const rule = (number: number) => page.getByRole('group', { name: `Rule ${number}` })
  await expect(rule(1).getByRole('group', { name: 'Resources' }).getByRole('checkbox')).toHaveCount(3)
  await rule(1).getByRole('checkbox', { name: 'pods/log' }).check()
  // The API server has no verb but get for logs.
  await expect(rule(1).getByRole('group', { name: 'Verbs' }).getByRole('checkbox')).toHaveCount(1)
  await rule(1).getByRole('checkbox', { name: 'get', exact: true }).check()
  await rule(2).getByRole('checkbox', { name: 'patch', exact: true }).check()
  await rule(2).getByRole('textbox', { name: 'Only objects named' }).fill('cart api')
  await page.getByRole('button', { name: 'Add rule' }).click()
  await rule(3).getByRole('combobox', { name: 'API group' }).selectOption('core')
  await rule(3).getByRole('checkbox', { name: 'services' }).check()
  await rule(3).getByRole('checkbox', { name: 'list', exact: true }).check()
  expect(await axeFindings(page)).toEqual([])
  expect(await excessWidth(page)).toBe(0)
  await page.getByRole('textbox', { name: 'Reason' }).fill('Search times out since the release')
  await page.getByRole('button', { name: /^Request access for/ }).click()
  await page.waitForURL('**/requests/req_*')
  const id = new URL(page.url()).pathname.split('/').at(-1)
  const { body } = await jonas<RequestResource>('GET', `/requests/${id}`)
  expect(body.rules).toEqual([
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
    { apiGroups: [''], resources: ['services'], verbs: ['list'] },
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['patch'], resourceNames: ['api', 'cart'] },
  ])
})

test('a ticket is shown by an example, and each problem is named once, beside its field', async ({ as }) => {
  const page = await as('mina')
  await page.goto('/requests/new?entitlement=payments-secrets')
  const ticket = page.getByRole('textbox', { name: 'Ticket' })
  await expect(ticket).toHaveAccessibleDescription(/Like ABC-123/)
  await ticket.fill('payments is down')
  await page.getByRole('textbox', { name: 'Reason' }).fill('short')
  await page.getByRole('button', { name: /^Request access for/ }).click()
  await expect(page.getByRole('textbox', { name: 'Reason' })).toBeFocused()
  await expect(ticket).toHaveAccessibleDescription(/must look like ABC-123/)
  await expect(page.getByText(/must look like ABC-123/)).toHaveCount(1)
  await expect(page.getByText(/must have at least 10 characters/)).toHaveCount(1)
})
