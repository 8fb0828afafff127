import type { Page } from '@playwright/test'
import type { RequestResource } from '#lib/core/access/request-resource'
import { expect, test } from './fixtures.ts'
import { approve, grantOf, post, submit } from './grants.ts'
import { waitForReact } from './react.ts'

const form = '/requests/new?entitlement=payments-restart'
const reason = 'Payments hang since the release'
const field = (page: Page, name = 'Reason') => page.getByRole('textbox', { name })
const submitButton = (page: Page) => page.getByRole('button', { name: /^Request access/ })

/** A page without the console check, because the browser logs each failed call as an error. */
const quietPage = async (page: Page) => page.context().newPage()

/** Cuts the network for everything that a form sends; `mend` repairs it. */
async function cutNetwork(page: Page): Promise<() => Promise<void>> {
  await page.route('**/*', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()))
  return () => page.unrouteAll()
}

/** The drafts that this tab holds. */
const drafts = (page: Page) =>
  page.evaluate(() => Object.entries(sessionStorage).filter(([key]) => key.startsWith('postern-draft ')))

async function fillIn(page: Page) {
  await page.goto(form)
  await page.getByRole('checkbox', { name: 'payments', exact: true }).check()
  await field(page).fill(reason)
}

async function expectFilledIn(page: Page) {
  await expect(field(page)).toHaveValue(reason)
  await expect(page.getByRole('checkbox', { name: 'payments', exact: true })).toBeChecked()
}

async function expectSubmitted(page: Page) {
  await submitButton(page).click()
  await page.waitForURL('**/requests/req_*')
  expect(await drafts(page)).toEqual([])
}

test('a request survives a lost network and a reload, and is submitted afterwards', async ({ as }) => {
  const page = await quietPage(await as('mina'))
  await fillIn(page)
  const mend = await cutNetwork(page)
  await submitButton(page).click()
  await expect(page.getByText(/What you typed is kept/)).toBeVisible()
  await expectFilledIn(page)
  await page.reload()
  await expect(page.getByText('Your draft was restored.')).toBeVisible()
  await expectFilledIn(page)
  await mend()
  await expectSubmitted(page)
})

test('what is typed before React takes over the page is kept', async ({ as }) => {
  const page = await as('mina')
  await page.goto('/settings')
  const loading = Promise.withResolvers<void>()
  await page.route('**/_next/static/**/*.js', async (route) => {
    await loading.promise
    await route.continue()
  })
  // Not with goto, which waits for React.
  await page.evaluate((path) => {
    location.href = path
  }, form)
  await page.getByRole('checkbox', { name: 'payments', exact: true }).check()
  await field(page).fill(reason)
  loading.resolve()
  await waitForReact(page)
  await expectFilledIn(page)
})

test('a request survives the end of the session: signing in again leads back to it', async ({ as }) => {
  const page = await quietPage(await as('mina'))
  await fillIn(page)
  await page.context().clearCookies()
  await submitButton(page).click()
  await page.getByRole('alert').getByRole('link', { name: 'Sign in again' }).click()
  await page.getByRole('button', { name: /identity provider/i }).click()
  await page.getByRole('button', { name: /Mina Okafor/ }).click()
  await expect(page).toHaveURL(form)
  await expectFilledIn(page)
  await expectSubmitted(page)
})

test('a discarded draft does not come back', async ({ as }) => {
  const page = await as('mina')
  await fillIn(page)
  await page.reload()
  await page.getByRole('button', { name: 'Discard draft' }).click()
  await expect(field(page)).toHaveValue('')
  await expect(page.getByRole('checkbox', { name: 'payments', exact: true })).not.toBeChecked()
  await page.reload()
  await expect(field(page)).toHaveValue('')
})

test('a draft is deleted at sign-out, also in other tabs, and another person never sees it', async ({ as }) => {
  const page = await as('mina')
  const other = await page.context().newPage()
  await fillIn(page)
  await fillIn(other)
  expect(await drafts(page)).toHaveLength(1)
  await page.getByRole('button', { name: 'Sign out' }).first().click()
  await page.waitForURL('**/signed-out*')
  expect(await drafts(page)).toEqual([])
  await expect.poll(() => drafts(other)).toEqual([])
})

test('another person who signs in on the same tab finds no draft, and it is deleted', async ({ as }) => {
  const page = await as('mina')
  await fillIn(page)
  await page.context().clearCookies()
  await page.goto(form)
  await page.getByRole('button', { name: /identity provider/i }).click()
  await page
    .getByRole('button', { name: /Sam Duarte|Ola Nowak/ })
    .last()
    .click()
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expect.poll(() => drafts(page)).toEqual([])
})

test('an approver’s note survives a lost network and a reload, and an approval takes it', async ({ as, api }) => {
  const [approver, mina] = await Promise.all([as('priya'), api('mina')])
  const request = await submit(mina)
  const page = await quietPage(approver)
  await page.goto(`/requests/${request.id}`)
  await field(page, 'Note').fill('Looks right to me')
  const mend = await cutNetwork(page)
  await page.getByRole('button', { name: /^Approve/ }).click()
  await expect(page.getByText(/What you typed is kept/)).toBeVisible()
  await page.reload()
  await expect(field(page, 'Note')).toHaveValue('Looks right to me')
  await mend()
  await page.getByRole('button', { name: /^Approve/ }).click()
  await expect(page.locator('#decided').getByRole('status')).not.toHaveText('pending')
  const { body } = await mina<RequestResource>('GET', `/requests/${request.id}`)
  expect(body.decisions.map(({ note }) => note)).toEqual(['Looks right to me'])
  expect(await drafts(page)).toEqual([])
})

test('the note of a denial that could not be sent is kept', async ({ as, api }) => {
  const [approver, mina] = await Promise.all([as('priya'), api('mina')])
  const request = await submit(mina)
  const page = await quietPage(approver)
  await page.goto(`/requests/${request.id}`)
  await field(page, 'Note').fill('Not during the sale')
  await cutNetwork(page)
  await page.getByRole('button', { name: 'Deny' }).click()
  await expect(page.getByText(/^Not denied:/)).toBeVisible()
  await page.reload()
  await expect(field(page, 'Note')).toHaveValue('Not during the sale')
})

test('the reason of a revocation survives a lost network and a reload', async ({ as, api }) => {
  const [approver, mina, priya] = await Promise.all([as('priya'), api('mina'), api('priya')])
  const request = await submit(mina)
  await approve(priya, request)
  await grantOf(mina, request.id, 'active')
  const page = await quietPage(approver)
  const open = () => page.getByRole('button', { name: 'Revoke access' }).click()
  const dialog = page.getByRole('dialog')
  await page.goto(`/requests/${request.id}`)
  await open()
  await field(page).fill('The incident is over')
  const mend = await cutNetwork(page)
  await dialog.getByRole('button', { name: 'Revoke access' }).click()
  await expect(dialog.getByText(/What you typed is kept/)).toBeVisible()
  await expect(field(page)).toHaveValue('The incident is over')
  await mend()
  await page.reload()
  await open()
  await expect(field(page)).toHaveValue('The incident is over')
  await dialog.getByRole('button', { name: 'Revoke access' }).click()
  await expect(page.locator('#decided').getByRole('status')).not.toHaveText('active')
  expect((await grantOf(mina, request.id, 'ended')).endNote).toBe('The incident is over')
})

test('the reason of a bulk revocation survives a reload, and its confirmation is typed again', async ({ as, api }) => {
  const [approver, mina] = await Promise.all([as('ola'), api('mina')])
  const request = await submit(mina, { entitlement: 'payments-logs', duration: 'PT15M' })
  await grantOf(mina, request.id, 'active')
  const page = await quietPage(approver)
  await page.goto('/live?scope=entitlement:payments-logs')
  await page.getByText(/^Revoke all access of the entitlement/).click()
  await field(page).fill('The credentials leaked')
  await field(page, 'Type the name to confirm').fill('payments-logs')
  const mend = await cutNetwork(page)
  await page.getByRole('button', { name: /^Revoke \d+ grant/ }).click()
  await expect(page.getByText(/What you typed is kept/)).toBeVisible()
  await expect(field(page)).toHaveValue('The credentials leaked')
  await expect(field(page, 'Type the name to confirm')).toHaveValue('payments-logs')
  await mend()
  await page.reload()
  await expect(field(page)).toHaveValue('The credentials leaked')
  await expect(field(page, 'Type the name to confirm')).toHaveValue('')
})

test('edited guardrails survive a lost network and a reload', async ({ as }) => {
  const page = await quietPage(await as('ola'))
  await page.goto('/guardrails')
  const policy = page.getByRole('textbox', { name: 'Guardrails to try' })
  await policy.fill('guardrails: [] # on Fridays')
  await cutNetwork(page)
  await page.getByRole('button', { name: 'Evaluate guardrails' }).click()
  await expect(page.getByText(/Postern didn’t respond/)).toBeVisible()
  await page.reload()
  await expect(policy).toHaveValue('guardrails: [] # on Fridays')
  await page.getByRole('button', { name: 'Discard draft' }).click()
  await expect(policy).not.toHaveValue(/Fridays/)
})

test('a comment and the note for several denials survive a lost network and a reload', async ({ as, api }) => {
  const [approver, mina] = await Promise.all([as('priya'), api('mina')])
  const word = crypto.randomUUID()
  const request = await submit(mina, { reason: `Payments hang, ${word}` })
  const page = await quietPage(approver)
  const unfold = () => page.getByText('Write a comment, or request more information').click()
  await page.goto(`/inbox?q=${word}&request=${request.id}`)
  await unfold()
  await field(page, 'Comment').fill('Which pods hang?')
  const mend = await cutNetwork(page)
  await page.getByRole('button', { name: 'Comment', exact: true }).click()
  await expect(page.getByText(/What you typed is kept/)).toBeVisible()
  await page.reload()
  await expect(field(page, 'Comment')).toHaveValue('Which pods hang?')

  const select = () => page.getByRole('checkbox', { name: /^Select / }).check()
  await select()
  await field(page, 'Note for the selected requests').fill('One change at a time')
  await page.getByRole('button', { name: 'Deny 1 request' }).click()
  await expect(page.getByText(/^Not denied:/)).toBeVisible()
  await page.reload()
  await select()
  await expect(field(page, 'Note for the selected requests')).toHaveValue('One change at a time')
  await mend()
  await page.getByRole('button', { name: 'Deny 1 request' }).click()
  await expect(page.getByText('Denying')).toHaveCount(0)
  const status = async () => (await mina<RequestResource>('GET', `/requests/${request.id}`)).body.status
  await expect.poll(status).toBe('denied')
  // The comment was never sent, so only its draft is left.
  await expect.poll(async () => (await drafts(page)).map(([key]) => key.includes(' comment '))).toEqual([true])
})

test('the review of break-glass access and of an access review survive a lost network and a reload', async ({
  as,
  api,
}) => {
  const [auditor, tomas] = await Promise.all([as('ines'), api('tomas')])
  const { id } = await post(tomas, { entitlement: 'platform-break-glass' })
  const grant = await grantOf(tomas, id, 'active')
  await tomas('POST', `/grants/${grant.id}/release`)
  await grantOf(tomas, id, 'ended')
  const page = await quietPage(auditor)
  for (const [path, button] of [
    [`/requests/${id}`, 'Record the review'],
    ['/history/review?from=2026-01-01&to=2026-01-02', 'Sign off the review'],
  ] as const) {
    await page.goto(path)
    const choice = page.getByRole('radio', { name: /^Justified/ })
    if (path.startsWith('/requests/')) await choice.check()
    await field(page, 'Note').fill('The calls fit the reason')
    const mend = await cutNetwork(page)
    await page.getByRole('button', { name: button }).click()
    await expect(page.getByText(/What you typed is kept/)).toBeVisible()
    await expect(field(page, 'Note')).toHaveValue('The calls fit the reason')
    if (path.startsWith('/requests/')) await expect(choice).toBeChecked()
    await page.reload()
    await expect(field(page, 'Note')).toHaveValue('The calls fit the reason')
    await mend()
  }
})

test('the acceptance of a finding, a filter’s name and the choice of notices survive a lost network', async ({
  as,
}) => {
  const page = await quietPage(await as('ola'))
  await page.goto('/clusters/prod-eu/posture')
  const finding = page.locator('#open').getByRole('listitem').filter({ hasText: 'RoleBinding' }).first()
  await finding.getByText('Accept the risk').first().click()
  await finding.getByRole('textbox', { name: 'Reason' }).fill('It reads its own database password.')
  await finding.getByRole('textbox', { name: 'Owner' }).fill('payments')
  await finding.getByLabel('Until').fill(new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10))
  const mend = await cutNetwork(page)
  await finding.getByRole('button', { name: 'Accept the risk' }).click()
  await expect(finding.getByText(/What you typed is kept/)).toBeVisible()
  await expect(finding.getByRole('textbox', { name: 'Reason' })).toHaveValue('It reads its own database password.')
  await expect(finding.getByRole('textbox', { name: 'Owner' })).toHaveValue('payments')
  await mend()

  await page.goto('/history?type=grant.ended')
  await page.getByText('Save this filter').click()
  await field(page, 'Name').fill('Ended')
  await cutNetwork(page)
  await page.getByRole('button', { name: 'Save filter' }).click()
  await expect(page.getByText(/What you typed is kept/)).toBeVisible()
  await expect(field(page, 'Name')).toHaveValue('Ended')

  await page.goto('/notices')
  const kind = page.getByRole('group', { name: 'Kinds of notices' }).getByRole('checkbox').first()
  await kind.uncheck()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByText(/What you typed is kept/)).toBeVisible()
  await expect(kind).not.toBeChecked()
})
