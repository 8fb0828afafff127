import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import { approve, grantOf, submit } from './grants.ts'
import { axeFindings } from './page-checks.ts'

/** Fills in and submits the request form as a person would; resolves on the new request's page, with its path. */
async function requestInBrowser(page: Page, entitlement: string, reason: string): Promise<string> {
  await page.goto('/access')
  await page.getByRole('textbox', { name: /Paste a Forbidden error/ }).fill(entitlement)
  await page.getByRole('link', { name: entitlement }).first().click()
  await page.getByRole('checkbox', { name: 'payments' }).check()
  await page.getByRole('textbox', { name: 'Reason' }).fill(reason)
  await expect(page.getByText(/^Needs approval from 1 of payments-leads|^No approval needed/)).toBeVisible()
  await page.getByRole('button', { name: /^Request access for/ }).click()
  await page.waitForURL('**/requests/req_*')
  return new URL(page.url()).pathname
}

/** The status beside the headline. */
const state = (page: Page) => page.locator('#decided').getByRole('status')

/** Issues a credential on the open page and returns the downloaded kubeconfig. */
async function connect(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Connect' }).click()
  const arriving = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download kubeconfig' }).click()
  return readFileSync(await (await arriving).path(), 'utf8')
}

const tokenIn = (kubeconfig: string) => kubeconfig.match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/)?.[0] ?? ''

test('after an approval kubectl can act, and after the expiry it cannot', { tag: '@waits' }, async ({
  as,
  kubectlWith,
}) => {
  test.setTimeout(180_000)
  const [mina, priya] = await Promise.all([as('mina'), as('priya')])
  const reason = `Checkout hangs ${crypto.randomUUID()}`
  const path = await requestInBrowser(mina, 'Look at payment deployments', reason)
  await expect(state(mina)).toHaveText('pending')

  // The inbox updates automatically, and two keys decide.
  await priya.goto(`/inbox?request=${path.split('/').at(-1)}`)
  await expect(priya.getByRole('region', { name: 'Reason' }).getByText(reason)).toBeVisible()
  await priya.keyboard.press('a')
  await expect(priya.getByRole('button', { name: /^Approve for 1 min/ })).toBeFocused()
  await priya.keyboard.press('Enter')
  await expect(priya.locator('#decided').getByRole('status')).not.toHaveText('pending')

  await expect(state(mina)).toHaveText('active')
  const kubeconfig = await connect(mina)
  const kubectl = kubectlWith(kubeconfig)
  expect((await kubectl('get', 'deployments')).stdout).toContain('payments-api')
  expect((await kubectl('delete', 'deployment', 'payments-api')).stderr).toContain('Forbidden')

  // The token is shown once: no later response contains it.
  const token = tokenIn(kubeconfig)
  expect(token).not.toBe('')
  await mina.reload()
  expect(await mina.content()).not.toContain(token.split('.')[2])

  await expect(state(mina)).toHaveText('ended', { timeout: 90_000 })
  await expect(mina.locator('#decided')).toContainText('expired')
  expect((await kubectl('get', 'deployments')).code).not.toBe(0)
})

test('a denial closes the request and shows its note', async ({ as }) => {
  const [mina, priya] = await Promise.all([as('mina'), as('priya')])
  const path = await requestInBrowser(mina, 'Restart payment services', 'Trying whether this is allowed')
  await priya.goto(path)
  await priya.getByRole('textbox', { name: /Note/ }).fill('Not during the sale, please')
  await priya.getByRole('button', { name: 'Deny' }).click()
  await expect(state(mina)).toHaveText('denied')
  await expect(mina.getByText('Not during the sale, please')).toBeVisible()
  await expect(mina.getByRole('button', { name: 'Connect' })).toHaveCount(0)
})

test('a requester can withdraw a pending request', async ({ as }) => {
  const mina = await as('mina')
  await requestInBrowser(mina, 'Restart payment services', 'Requested the wrong thing')
  await mina.getByRole('button', { name: 'Withdraw' }).click()
  await mina.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click()
  await expect(state(mina)).toHaveText('withdrawn')
})

test('a holder can end their access, and kubectl stops working', async ({ as, kubectlWith }) => {
  const mina = await as('mina')
  await requestInBrowser(mina, 'Read payment logs', 'Reading the logs of the outage')
  await expect(state(mina)).toHaveText('active')
  const kubectl = kubectlWith(await connect(mina))
  expect((await kubectl('get', 'pods')).code).toBe(0)
  await mina.keyboard.press('Escape')
  await mina.getByRole('button', { name: 'End access' }).click()
  await mina.getByRole('dialog').getByRole('button', { name: 'End access' }).click()
  await expect(state(mina)).toHaveText('ended')
  await expect(mina.locator('#decided')).toContainText('released')
  expect((await kubectl('get', 'pods')).code).not.toBe(0)
})

test('an approver can revoke access that is in use', async ({ as, api, kubectlWith }) => {
  const [mina, lead, priya] = await Promise.all([api('mina'), api('priya'), as('priya')])
  const request = await submit(mina)
  await approve(lead, request)
  const grant = await grantOf(mina, request.id, 'active')
  const { body } = await mina<{ kubeconfig: string }>('POST', `/grants/${grant.id}/credentials`)
  const kubectl = kubectlWith(body.kubeconfig)
  expect((await kubectl('get', 'deployments')).code).toBe(0)

  await priya.goto(`/requests/${request.id}`)
  await priya.getByRole('button', { name: 'Revoke access' }).click()
  const dialog = priya.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('The incident is over')
  await dialog.getByRole('button', { name: 'Revoke access' }).click()
  await expect(state(priya)).toHaveText('ended')
  await expect(priya.locator('#decided')).toContainText('revoked')
  expect((await kubectl('get', 'deployments')).code).not.toBe(0)
})

test('an approver is not offered their own request to decide', async ({ as, api }) => {
  const [priya, page] = await Promise.all([api('priya'), as('priya')])
  const request = await submit(priya)
  await page.goto(`/requests/${request.id}`)
  await expect(state(page)).toHaveText('pending')
  await expect(page.getByRole('button', { name: /^Approve/ })).toHaveCount(0)
  await expect(page.getByText('This is your own request. Someone else has to decide it.')).toBeVisible()
  await page.goto('/inbox')
  await expect(page.locator(`a[href*="${request.id}"]`)).toHaveCount(0)
})

test('a missing request and one of another team show the same page', async ({ as, api }) => {
  const [mina, tomas] = await Promise.all([api('mina'), as('tomas')])
  const request = await submit(mina)
  const pages: string[] = []
  for (const id of [request.id, `${request.id.slice(0, -4)}0000`]) {
    const response = await tomas.goto(`/requests/${id}`)
    expect(response?.status()).toBe(404)
    await expect(tomas.getByRole('heading', { level: 1 })).toHaveText(
      'This page doesn’t exist, or you don’t have access to it',
    )
    pages.push(await tomas.locator('main').innerText())
  }
  expect(pages[0]).toBe(pages[1])
})

test('an auditor finds a request in the history and cannot change it', async ({ as, api }) => {
  const [mina, ines] = await Promise.all([api('mina'), as('ines')])
  const request = await submit(mina, { reason: 'Something for the auditor' })
  await ines.goto(`/history?request=${request.id}`)
  await expect(ines.getByRole('row').filter({ hasText: 'requested' })).toHaveCount(1)
  await ines.goto(`/requests/${request.id}`)
  await expect(ines.getByText('Something for the auditor')).toBeVisible()
  for (const name of [/^Approve/, /^Deny/, /^Withdraw/, /^Revoke/, /^Connect/]) {
    await expect(ines.getByRole('button', { name })).toHaveCount(0)
  }
})

test('an auditor finds requests by words and resource, and a mistyped filter says so and keeps what was typed', async ({
  as,
  api,
}) => {
  const [mina, ines] = await Promise.all([api('mina'), as('ines')])
  const word = `w${Date.now()}`
  const request = await submit(mina, { reason: `The pods of ${word} hang` })
  await ines.goto('/history')
  const field = ines.getByRole('combobox', { name: 'Filter events' })
  const filterBy = async (text: string) => {
    // The field becomes one with suggestions when it is used.
    await ines.getByLabel('Filter events').focus()
    await field.fill(text)
    await field.press('Enter')
  }
  await filterBy(`${word} resource:deployments from:today`)
  await expect(ines.getByRole('row').filter({ hasText: 'requested' })).toHaveCount(1)
  await expect(ines.getByRole('link', { name: `…${request.id.slice(-6)}` })).toBeVisible()
  await filterBy(`${word} resource:secrets`)
  await expect(ines.getByText('No events match this filter.')).toBeVisible()
  await filterBy('acter:mina')
  await expect(
    ines.getByRole('alert').filter({ hasText: 'acter: is not a filter. Did you mean actor:?' }),
  ).toBeVisible()
  await expect(field).toHaveValue('acter:mina')
  await expect(field).toBeFocused()
  expect(await axeFindings(ines)).toEqual([])
})

test('signing in returns to the requested page, and signing out also ends the session at the provider', async ({
  browser,
  stage,
  api,
}) => {
  const request = await submit(await api('mina'))
  const page = await browser.newPage({ baseURL: stage.url })
  await page.goto(`/requests/${request.id}`)
  await expect(page).toHaveURL(/\/sign-in/)
  await page.getByRole('button', { name: /identity provider/i }).click()
  await page.getByRole('button', { name: /Mina Okafor/ }).click()
  await expect(page).toHaveURL(`${stage.url}/requests/${request.id}`)

  const cookies = await page.context().cookies(stage.url)
  await page.getByRole('button', { name: 'Sign out' }).first().click()
  await expect(page.getByRole('heading', { level: 1, name: 'You are signed out' })).toBeVisible()
  // A copy of the cookie is useless, because the session ended on the server.
  await page.context().clearCookies()
  await page.context().addCookies(cookies)
  await page.goto('/')
  await expect(page).toHaveURL(/\/sign-in/)
  await page.getByRole('button', { name: /identity provider/i }).click()
  await expect(page.getByRole('heading', { name: 'Who are you today?' })).toBeVisible()
})

test('a pasted Forbidden error leads to the entitlement that covers it', async ({ as }) => {
  const mina = await as('mina')
  await mina.goto('/access')
  const refusal =
    'Error from server (Forbidden): deployments.apps "payments-api" is forbidden: User "mina" cannot patch resource "deployments" in API group "apps" in the namespace "payments"'
  await mina.getByRole('textbox', { name: /Paste a Forbidden error/ }).fill(refusal)
  await mina.keyboard.press('Enter')
  await expect(mina.getByText('Restart payment services').first()).toBeVisible()
})

test('requester and approver see which permissions are new and which the requester already has', async ({
  as,
  api,
}) => {
  const [mina, priya] = await Promise.all([as('mina'), as('priya')])
  await mina.goto('/requests/new?entitlement=payments-restart&namespaces=payments')
  const previewed = mina.getByRole('table', { name: 'Permissions you would have' })
  await expect(previewed.getByRole('row').filter({ hasText: 'patch' })).not.toContainText('you already can')
  await expect(previewed.getByRole('row').filter({ hasText: 'get, list, watch' })).toContainText('you already can')
  await expect(mina.getByText('service account payments/payments-api may also')).toBeVisible()
  const request = await submit(await api('mina'))
  await priya.goto(`/inbox?request=${request.id}`)
  const decided = priya.getByRole('table', { name: 'Permissions', exact: true })
  await expect(decided.getByRole('row').filter({ hasText: 'get, list, watch' })).toContainText('they already can')
})

test('Check access explains each permission, with its binding and the entitlement that would grant it', async ({
  as,
}) => {
  const [mina, ines] = await Promise.all([as('mina'), as('ines')])
  await mina.goto('/access')
  await mina.getByRole('link', { name: 'Why can’t I?' }).click()
  // The previous page has a text box of the same name.
  await expect(mina.getByRole('heading', { level: 1, name: 'Check access' })).toBeVisible()
  await mina
    .getByRole('textbox', { name: /Paste a Forbidden error/ })
    .fill('kubectl -n payments rollout restart deploy/cart')
  await mina.keyboard.press('Enter')
  await expect(mina.getByRole('heading', { name: /You can get deployments.apps named cart in payments/ })).toBeVisible()
  await expect(mina.getByText('RoleBinding payments/developers-look')).toBeVisible()
  await expect(
    mina.getByRole('heading', { name: /You can't patch deployments.apps named cart in payments/ }),
  ).toBeVisible()
  // Requests of other tests have the same title.
  await mina.locator('a[href^="/requests/new?entitlement=payments-restart"]').click()
  await expect(mina).toHaveURL(/requests\/new\?entitlement=payments-restart&cluster=prod-eu&namespaces=payments/)

  await ines.goto('/check-access?verb=patch&what=deploy&namespace=payments&person=mina')
  await expect(ines.getByRole('heading', { name: /Mina Okafor can't patch/ })).toBeVisible()
  await ines.goto('/check-access?verb=patch&what=deploy&namespace=payments&person=nobody')
  await expect(ines.getByText('This doesn’t exist, or you don’t have access to it.')).toBeVisible()
})
