import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import { approve, grantOf, submit } from './grants.ts'

// On a slow network, people see at once that their tap has done something: before any response. These tests hold every
// request back, so they say nothing about milliseconds and hold on any machine.

/** Holds back all requests of a page from now on, until `release`. */
async function holdBack(page: Page): Promise<{ release: () => Promise<void> }> {
  const held = Promise.withResolvers<void>()
  await page.route('**/*', async (route) => {
    await held.promise
    await route.continue().catch(() => {})
  })
  return {
    release: async () => {
      held.resolve()
      await page.unrouteAll({ behavior: 'ignoreErrors' })
    },
  }
}

const bar = (page: Page) => page.locator('.navigating')
const main = (page: Page) => page.getByRole('heading', { level: 1 })

test('a link, a key and a pasted text show a bar before the next page responds', async ({ as }) => {
  const page = await as('mina', { hasTouch: true })
  await page.goto('/access')
  const byLink = await holdBack(page)
  await page.getByRole('link', { name: 'History', exact: true }).tap()
  await expect(bar(page).first()).toBeAttached()
  await byLink.release()
  await expect(main(page)).toHaveText('History')

  const byKey = await holdBack(page)
  await page.keyboard.press('g')
  await page.keyboard.press('a')
  await expect(bar(page).first()).toBeAttached()
  await byKey.release()
  await expect(main(page)).toHaveText('Access')

  // Playwright looks at no page that is being left, so the page itself tells.
  const shown = Promise.withResolvers<void>()
  await page.exposeFunction('barIsShown', () => shown.resolve())
  await page.evaluate(() =>
    new MutationObserver(() => {
      if (document.querySelector('.navigating')) Reflect.get(window, 'barIsShown')()
    }).observe(document.body, { childList: true, subtree: true }),
  )
  const byForm = await holdBack(page)
  await page
    .getByRole('textbox', { name: /Paste a Forbidden error/ })
    .fill('kubectl -n payments rollout restart deploy/api')
  await page.keyboard.press('Enter')
  await shown.promise
  await byForm.release()
  await expect(page).toHaveURL(/\/requests\/new\?q=/)
})

test('a submitted request, and the end of access, say so before the server responds', async ({ as, api }) => {
  const page = await as('mina', { hasTouch: true })
  await page.goto('/requests/new?entitlement=payments-logs')
  await page.getByRole('checkbox', { name: 'payments', exact: true }).check()
  await page.getByRole('textbox', { name: 'Reason' }).fill('Payments hang since the release')
  const submission = await holdBack(page)
  await page.getByRole('button', { name: /^Request access for/ }).tap()
  await expect(page.getByRole('button', { name: 'Submitting…' })).toBeVisible()
  await submission.release()
  await page.waitForURL('**/requests/req_*')

  const id = new URL(page.url()).pathname.split('/').at(-1) ?? ''
  await grantOf(await api('mina'), id, 'active')
  await page.reload()
  const credential = await holdBack(page)
  await page.getByRole('button', { name: 'Connect' }).tap()
  await expect(page.getByRole('dialog').getByText('Issuing a credential…')).toBeVisible()
  await credential.release()
  await expect(page.getByRole('button', { name: 'Download kubeconfig' })).toBeVisible()
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'End access' }).tap()
  const end = await holdBack(page)
  await page.getByRole('dialog').getByRole('button', { name: 'End access' }).tap()
  await expect(page.getByRole('button', { name: 'Ending access…' })).toBeVisible()
  await end.release()
  await grantOf(await api('mina'), id, 'ended')
})

test('a decision, a comment, a filter and a revocation say so before the server responds', async ({ as, api }) => {
  const [mina, priya] = await Promise.all([api('mina'), api('priya')])
  const [approved, denied, active] = [await submit(mina), await submit(mina), await submit(mina)]
  await approve(priya, active)
  await grantOf(mina, active.id, 'active')
  const page = await as('priya', { hasTouch: true })

  await page.goto(`/inbox?request=${approved.id}`)
  await page.getByText('Write a comment, or request more information').tap()
  await page.getByRole('textbox', { name: 'Comment', exact: true }).fill('Which pods hang?')
  const comment = await holdBack(page)
  await page.getByRole('button', { name: 'Comment', exact: true }).tap()
  await expect(page.getByRole('button', { name: 'Sending…' })).toBeVisible()
  await comment.release()
  await expect(page.getByRole('listitem').filter({ hasText: 'Which pods hang?' })).toBeVisible()

  const approval = await holdBack(page)
  await page.getByRole('button', { name: /^Approve for/ }).tap()
  await expect(page.getByRole('button', { name: 'Approving…' })).toBeVisible()
  await approval.release()
  await expect(page.getByRole('button', { name: 'Revoke access' })).toBeVisible()

  const filter = await holdBack(page)
  await page.getByRole('combobox', { name: 'Sort' }).selectOption('risk')
  await expect(bar(page).first()).toBeAttached()
  await filter.release()
  await expect(page).toHaveURL(/sort=risk/)

  await page.goto(`/inbox?request=${denied.id}`)
  const denial = await holdBack(page)
  await page.getByRole('button', { name: 'Deny', exact: true }).tap()
  await expect(page.getByText('Denied.')).toBeVisible()
  await denial.release()

  await page.goto(`/requests/${active.id}`)
  await page.getByRole('button', { name: 'Revoke access' }).tap()
  await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('The incident is over')
  const revocation = await holdBack(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke access' }).tap()
  await expect(page.getByRole('button', { name: 'Revoking access…' })).toBeVisible()
  await revocation.release()
  await grantOf(mina, active.id, 'ended')
})
