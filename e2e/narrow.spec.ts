import { expect, test } from './fixtures.ts'
import { approve, grantOf, submit } from './grants.ts'

test('the tabs of the inbox take one line in a window 320 px wide, also before the font has arrived', async ({
  as,
}) => {
  const page = await as('priya', { viewport: { width: 320, height: 640 } })
  await page.route('**/*.woff2', (route) => route.fulfill({ contentType: 'font/woff2', body: '' }))
  await page.goto('/inbox')
  const tabs = page.getByRole('navigation', { name: 'Requests and access' }).getByRole('link')
  const tops = await tabs.evaluateAll((links) => links.map((link) => link.getBoundingClientRect().top))
  expect(tops).toHaveLength(4)
  expect(new Set(tops).size).toBe(1)
})

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
