import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'
import { submit } from './grants.ts'

/** A reason and terms that need several screens of a phone. */
const aLongRequest = () => ({
  reason: Array.from({ length: 40 }, (_, line) => `${line}: the deploy of the checkout hangs`).join('\n'),
  namespaces: ['payments', 'checkout'],
})

/** What a tap in the middle of the button hits, when the button is not hit itself. */
const coveredBy = (page: Page, name: RegExp) =>
  page.getByRole('button', { name }).evaluate((button) => {
    const { left, top, width, height } = button.getBoundingClientRect()
    const hit = document.elementFromPoint(left + width / 2, top + height / 2)
    return button.contains(hit) ? null : (hit?.outerHTML.slice(0, 80) ?? 'outside of the window')
  })

for (const [width, height] of [
  [390, 844],
  [360, 640],
  [720, 450],
  [1440, 900],
] as const) {
  test(`nothing covers Approve and Deny of a long request at ${width} × ${height}`, async ({ as, api }) => {
    const request = await submit(await api('mina'), aLongRequest())
    const priya = await as('priya', { viewport: { width, height } })
    for (const path of [`/inbox?request=${request.id}`, `/requests/${request.id}`]) {
      await priya.goto(path)
      await expect(priya.getByRole('button', { name: 'Deny' })).toBeVisible()
      // At the top, in the middle, and where the request ends.
      for (const at of [0, 0.5, 1]) {
        await priya.evaluate((share) => window.scrollTo(0, share * (document.body.scrollHeight - innerHeight)), at)
        for (const name of [/^Approve for/, /^Deny$/])
          expect(await coveredBy(priya, name), `${path} at ${at}: ${name}`).toBeNull()
      }
    }
    await priya.getByRole('button', { name: /^Approve for/ }).click()
    await expect(priya.locator('#decided').getByRole('status')).not.toHaveText('pending')
  })
}
