import { expect, test } from './fixtures.ts'
import { approve, grantOf, submit } from './grants.ts'

test('the time left fits its row of Access on a phone', async ({ as, api }) => {
  const [mina, priya] = await Promise.all([api('mina'), api('priya')])
  const request = await submit(mina)
  await approve(priya, request)
  await grantOf(mina, request.id, 'active')
  const page = await as('mina', { viewport: { width: 390, height: 844 } })
  await page.goto('/access')
  const times = page
    .getByRole('listitem')
    .filter({ has: page.getByLabel('Time left') })
    .getByRole('time')
  await expect(times.first()).toBeVisible()
  const excess = await times.evaluateAll((all) =>
    all.map((time) => time.getBoundingClientRect().width - (time.parentElement as HTMLElement).clientWidth),
  )
  for (const pixels of excess) expect(pixels).toBeLessThanOrEqual(0.5)
})
