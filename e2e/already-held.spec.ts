import type { Preview } from '#lib/core/access/preview-resource'
import { expect, test } from './fixtures.ts'
import { grantOf, submit } from './grants.ts'

const refusal = (verb: string, resource: string, group: string, name = '') =>
  `Error from server (Forbidden): ${resource}${group && `.${group}`}${name && ` "${name}"`} is forbidden: User "mina" cannot ${verb} resource "${resource}" in API group "${group}" in the namespace "payments"`

test('a pasted error that active access covers leads to Connect, and to the form only on request', async ({
  as,
  api,
}) => {
  const [page, mina] = await Promise.all([as('mina'), api('mina')])
  const request = await submit(mina, { entitlement: 'payments-logs', duration: 'PT15M' })
  await grantOf(mina, request.id, 'active')
  await page.goto(`/requests/new?${new URLSearchParams({ q: refusal('list', 'pods', '') })}`)
  const held = page.getByRole('region', { name: 'What you have already' })
  await expect(held).toContainText(/You have this until \d\d:\d\d/)
  await held.getByRole('button', { name: 'Connect' }).first().click()
  await expect(page.getByRole('dialog')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Download kubeconfig' })).toBeVisible()
  await page.keyboard.press('Escape')
  await held.getByRole('link', { name: 'Request again' }).first().click()
  await expect(page.getByRole('textbox', { name: 'Reason' })).toBeVisible()
  await expect(page.getByText(/You have this until/).first()).toBeVisible()
})

test('the form says that a request for the same is waiting, and for whom', async ({ as, api }) => {
  const [page, mina] = await Promise.all([as('mina'), api('mina')])
  const request = await submit(mina, { entitlement: 'payments-secrets', duration: 'PT15M', ticket: 'PAY-1201' })
  await page.goto('/requests/new?entitlement=payments-secrets')
  const waiting = page.getByRole('status').filter({ hasText: /You requested this/ })
  await expect(waiting).toContainText('1 of payments-leads')
  await waiting.getByRole('link', { name: 'Open request' }).first().click()
  await expect(page).toHaveURL(/\/requests\/req_/)
  const submission = {
    ...{ entitlement: 'payments-secrets', cluster: 'prod-eu', namespaces: ['payments'], duration: 'PT15M' },
    ...{ reason: 'Rotating the password', ticket: 'PAY-1201' },
  }
  const { body } = await mina<Preview>('POST', '/requests/preview', submission)
  expect(body.alreadyHeld.map(({ requestId }) => requestId)).toContain(request.id)
})
