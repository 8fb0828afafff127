import type { Page } from '@playwright/test'
import type { RequestResource } from '#lib/core/access/request-resource'
import { expect, test } from './fixtures.ts'
import { approve, grantOf, submit } from './grants.ts'

const withoutScripts = { javaScriptEnabled: false }

/** The status beside the headline. */
const state = (page: Page) => page.locator('#decided').getByRole('status')

test('without scripts, an engineer can submit a request', async ({ as, api }) => {
  const [page, mina] = await Promise.all([as('mina', withoutScripts), api('mina')])
  await page.goto('/requests/new?entitlement=payments-restart')
  await page.getByRole('checkbox', { name: 'payments', exact: true }).check()
  await page.getByRole('textbox', { name: 'Reason' }).fill('Payments hang since the release')
  await page.getByRole('combobox', { name: 'Duration' }).selectOption('PT15M')
  await page.getByRole('button', { name: 'Request access', exact: true }).click()
  await expect(page).toHaveURL(/\/requests\/req_[0-9a-z]+$/)
  await expect(state(page)).toHaveText('pending')
  const id = new URL(page.url()).pathname.split('/').at(-1)
  const { body } = await mina<RequestResource>('GET', `/requests/${id}`)
  expect(body).toMatchObject({ namespaces: ['payments'], duration: 'PT15M', reason: 'Payments hang since the release' })
})

test('without scripts, an engineer can choose rules inside a ceiling', async ({ as, api }) => {
  const [page, jonas] = await Promise.all([as('jonas', withoutScripts), api('jonas')])
  await page.goto('/requests/new?entitlement=search-debug')
  await page.getByRole('checkbox', { name: 'pods', exact: true }).check()
  await page.getByRole('checkbox', { name: 'get', exact: true }).first().check()
  await page.getByRole('textbox', { name: 'Reason' }).fill('Search times out')
  await page.getByRole('button', { name: 'Request access', exact: true }).click()
  await expect(page).toHaveURL(/\/requests\/req_[0-9a-z]+$/)
  const id = new URL(page.url()).pathname.split('/').at(-1)
  const { body } = await jonas<RequestResource>('GET', `/requests/${id}`)
  expect(body.rules).toEqual([{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }])
})

test('without scripts, an approver can approve a request and narrow it', async ({ as, api }) => {
  const [page, mina] = await Promise.all([as('priya', withoutScripts), api('mina')])
  const request = await submit(mina, { namespaces: ['payments', 'checkout'] })
  await page.goto(`/inbox?request=${request.id}`)
  await page.getByText('Narrow the request').click()
  await page.getByRole('checkbox', { name: 'checkout', exact: true }).uncheck()
  await page.getByRole('checkbox', { name: 'patch', exact: true }).uncheck()
  await page.getByRole('combobox', { name: 'Duration' }).selectOption('PT10M')
  await page.getByRole('button', { name: 'Approve', exact: true }).click()
  await expect(state(page)).not.toHaveText('pending')
  const { body } = await mina<RequestResource>('GET', `/requests/${request.id}`)
  expect(body).toMatchObject({ status: 'approved', namespaces: ['payments'], duration: 'PT10M' })
  expect(body.rules.flatMap(({ verbs }) => verbs)).toEqual(['get', 'list', 'watch'])
})

test('without scripts, an approval without narrowing grants exactly the requested terms', async ({ as, api }) => {
  const [page, mina] = await Promise.all([as('priya', withoutScripts), api('mina')])
  const request = await submit(mina)
  await page.goto(`/requests/${request.id}`)
  await page.getByRole('button', { name: 'Approve', exact: true }).click()
  await expect(state(page)).not.toHaveText('pending')
  const { body } = await mina<RequestResource>('GET', `/requests/${request.id}`)
  expect(body).toMatchObject({ status: 'approved', digest: request.digest, submittedTerms: null })
})

test('without scripts, an approver can deny a request', async ({ as, api }) => {
  const [page, mina] = await Promise.all([as('priya', withoutScripts), api('mina')])
  const request = await submit(mina)
  await page.goto(`/requests/${request.id}`)
  await page.getByRole('textbox', { name: 'Note' }).fill('Not during the sale')
  await page.getByRole('button', { name: 'Deny' }).click()
  await expect(state(page)).toHaveText('denied')
  await expect(page.getByText('Not during the sale')).toBeVisible()
})

test('without scripts, a requester can withdraw a request from their list', async ({ as, api }) => {
  const [page, mina] = await Promise.all([as('mina', withoutScripts), api('mina')])
  const request = await submit(mina)
  await page.goto('/access')
  const row = page.getByRole('listitem').filter({ has: page.locator(`a[href="/requests/${request.id}"]`) })
  await row.getByRole('button', { name: 'Withdraw' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click()
  await expect(state(page)).toHaveText('withdrawn')
})

test('without scripts, a holder can end their access', async ({ as, api }) => {
  const [page, mina] = await Promise.all([as('mina', withoutScripts), api('mina')])
  const request = await submit(mina, { entitlement: 'payments-logs', duration: 'PT15M' })
  await grantOf(mina, request.id, 'active')
  await page.goto(`/requests/${request.id}`)
  await page.getByRole('button', { name: 'End access' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'End access' }).click()
  await expect(state(page)).not.toHaveText('active')
  expect((await grantOf(mina, request.id, 'ended')).endedBy).toBe('release')
})

test('without scripts, an approver can revoke access, and a missing reason is reported beside its field', async ({
  as,
  api,
}) => {
  const [page, mina, priya] = await Promise.all([as('priya', withoutScripts), api('mina'), api('priya')])
  const request = await submit(mina)
  await approve(priya, request)
  await grantOf(mina, request.id, 'active')
  await page.goto(`/requests/${request.id}`)
  await page.getByRole('button', { name: 'Revoke access' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('heading', { name: 'Revoke this access?' })).toBeInViewport({ ratio: 1 })
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('   ')
  await dialog.getByRole('button', { name: 'Revoke access' }).click()
  await expect(dialog.getByRole('textbox', { name: 'Reason' })).toHaveAttribute('aria-invalid', 'true')
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('The incident is over')
  await dialog.getByRole('button', { name: 'Revoke access' }).click()
  await expect(state(page)).not.toHaveText('active')
  expect(await grantOf(mina, request.id, 'ended')).toMatchObject({
    ...{ endedBy: 'revocation', endNote: 'The incident is over' },
  })
})

/** Fills in the request form, with a reason that is too short. */
async function fillIn(page: Page) {
  await page.goto('/requests/new?entitlement=payments-restart')
  await page.getByRole('checkbox', { name: 'checkout', exact: true }).check()
  await page.getByRole('textbox', { name: 'Reason' }).fill('Too short')
  await page.getByRole('textbox', { name: 'Ticket' }).fill('PAY-7')
}

async function expectFilledIn(page: Page) {
  await expect(page.getByRole('checkbox', { name: 'checkout', exact: true })).toBeChecked()
  await expect(page.getByRole('checkbox', { name: 'payments', exact: true })).not.toBeChecked()
  await expect(page.getByRole('textbox', { name: 'Reason' })).toHaveValue('Too short')
  await expect(page.getByRole('textbox', { name: 'Ticket' })).toHaveValue('PAY-7')
}

const submitButton = (page: Page) => page.getByRole('button', { name: /^Request access/ })

test('what was typed survives a refused submission, and the focus goes to the first error', async ({ as }) => {
  const page = await as('mina')
  await fillIn(page)
  // The preview moves the button.
  await expect(page.getByText(/problems? left to fix/)).toBeVisible()
  await submitButton(page).click()
  const reason = page.getByRole('textbox', { name: 'Reason' })
  await expect(reason).toBeFocused()
  await expect(reason).toHaveAccessibleDescription(/10 characters/)
  await expectFilledIn(page)
  await reason.fill('Now it is long enough')
  await expect(page.getByText(/^Needs approval from/)).toBeVisible()
  await submitButton(page).click()
  await page.waitForURL('**/requests/req_*')
})

test('without scripts, what was typed survives a refused submission', async ({ as }) => {
  const page = await as('mina', withoutScripts)
  await fillIn(page)
  await page.getByRole('combobox', { name: 'Duration' }).selectOption('PT20M')
  await submitButton(page).click()
  await expect(page.getByRole('alert')).toBeVisible()
  await expect(page.getByRole('textbox', { name: 'Reason' })).toHaveAccessibleDescription(/10 characters/)
  await expectFilledIn(page)
  await expect(page.getByRole('combobox', { name: 'Duration' })).toHaveValue('PT20M')
})

test('what was typed survives an unreachable server', async ({ as }) => {
  const mina = await as('mina')
  // A page without the console check, because the browser logs the failed call as an error.
  const page = await mina.context().newPage()
  await fillIn(page)
  await page.route('**/*', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()))
  await submitButton(page).click()
  await expect(page.getByText('Postern didn’t respond. Check your connection, then try again.')).toBeVisible()
  await expectFilledIn(page)
  await page.unrouteAll()
  await page.getByRole('textbox', { name: 'Reason' }).fill('Now it is long enough')
  await submitButton(page).click()
  await page.waitForURL('**/requests/req_*')
})

test('what was typed survives the end of the session', async ({ as }) => {
  const page = await as('mina')
  await fillIn(page)
  const cookies = await page.context().cookies()
  await page.context().clearCookies()
  await submitButton(page).click()
  await expect(page.getByText('Your session has ended. Sign in again, then retry.').first()).toBeVisible()
  await expectFilledIn(page)
  await page.context().addCookies(cookies)
  await page.getByRole('textbox', { name: 'Reason' }).fill('Now it is long enough')
  await submitButton(page).click()
  await page.waitForURL('**/requests/req_*')
})

test('an approver’s note survives when another approver narrows the terms meanwhile', async ({ as, api }) => {
  const [page, mina, priya, tomas] = await Promise.all([as('priya'), api('mina'), api('priya'), api('tomas')])
  const request = await submit(mina, { entitlement: 'payments-secrets', duration: 'PT15M', ticket: 'PAY-1201' })
  await page.goto(`/requests/${request.id}`)
  await page.getByRole('textbox', { name: 'Note' }).fill('Looks right to me')
  expect((await approve(tomas, request, { narrow: { duration: 'PT5M' } })).status).toBe(201)
  await page.getByRole('button', { name: 'Approve for 5 min' }).click()
  await expect(state(page)).not.toHaveText('pending')
  const { body } = await priya<RequestResource>('GET', `/requests/${request.id}`)
  expect(body.decisions.map(({ note }) => note)).toEqual([null, 'Looks right to me'])
})

const refusal = (verb: string, resource: string) =>
  `Error from server (Forbidden): ${resource}.apps is forbidden: User "mina" cannot ${verb} resource "${resource}" in API group "apps" in the namespace "payments"`

/** Pastes text into the focused field, as from another program. */
const paste = (page: Page, text: string) =>
  page.evaluate((pasted) => document.execCommand('insertText', false, pasted), text)

test('a pasted manifest keeps its line ends, and Enter sends it', async ({ as }) => {
  const page = await as('mina')
  await page.goto('/access')
  const field = page.getByRole('textbox', { name: /Paste a Forbidden error/ })
  const command = [
    'kubectl apply -f - <<EOF',
    ...['apiVersion: apps/v1', 'kind: Deployment', 'metadata:', '  name: cart', '  namespace: payments', 'EOF'],
  ].join('\n')
  await field.focus()
  const oneLine = (await field.boundingBox())?.height ?? 0
  await paste(page, command)
  await expect(field).toHaveValue(command)
  expect((await field.boundingBox())?.height).toBeGreaterThan(oneLine)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/requests\/new\?q=/)
  await expect(page.getByText(/^You need to create deployments\.apps; .* named cart in payments/)).toBeVisible()
  await expect(field).toHaveValue(command)
})

test('several pasted refusals are read together, and Control and Enter sends them', async ({ as }) => {
  const page = await as('mina')
  await page.goto('/access')
  const field = page.getByRole('textbox', { name: /Paste a Forbidden error/ })
  await field.focus()
  await paste(page, `${refusal('list', 'deployments')}\n${refusal('patch', 'deployments')}`)
  await page.keyboard.press('Shift+Enter')
  await expect(page).toHaveURL('/access')
  await page.keyboard.press('Control+Enter')
  await expect(page).toHaveURL(/\/requests\/new\?q=/)
  await expect(page.getByText('Restart payment services').first()).toBeVisible()
  await page.goto(
    `/check-access?${new URLSearchParams({ q: `${refusal('list', 'deployments')}\n${refusal('patch', 'deployments')}` })}`,
  )
  await expect(page.getByRole('heading', { name: /You can list deployments.apps/ })).toBeVisible()
  await expect(page.getByRole('heading', { name: /You can't patch deployments.apps/ })).toBeVisible()
})

test('without scripts, a pasted text is sent with a button', async ({ as }) => {
  const page = await as('mina', withoutScripts)
  await page.goto('/access')
  await page.getByRole('textbox', { name: /Paste a Forbidden error/ }).fill(refusal('patch', 'deployments'))
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await expect(page).toHaveURL(/\/requests\/new\?q=/)
  await expect(page.getByText('Restart payment services').first()).toBeVisible()
})
