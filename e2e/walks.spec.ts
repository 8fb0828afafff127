import { expect, test } from './fixtures.ts'
import { approve, grantOf, post, submit } from './grants.ts'

test('everyone begins where their work is', async ({ as }) => {
  for (const [person, path] of [
    ['mina', '/access'],
    ['priya', '/inbox'],
    ['ines', '/history'],
  ] as const) {
    const page = await as(person)
    await page.goto('/')
    await expect(page).toHaveURL(new RegExp(`${path}(\\?|$)`))
  }
})

test('an auditor finds who held access to secrets in a namespace last week, and who approved it', async ({
  as,
  api,
}) => {
  const [mina, priya, tomas] = await Promise.all([api('mina'), api('priya'), api('tomas')])
  const secrets = await submit(mina, { entitlement: 'payments-secrets', duration: 'PT15M', ticket: 'PAY-1201' })
  await approve(priya, secrets)
  await approve(tomas, secrets)
  const grant = await grantOf(mina, secrets.id, 'active')
  await mina('POST', `/grants/${grant.id}/release`)
  await grantOf(mina, secrets.id, 'ended')

  const ines = await as('ines')
  await ines.goto('/')
  const downloads: string[] = []
  ines.on('download', (download) => downloads.push(download.suggestedFilename()))
  const filter = ines
    .getByRole('textbox', { name: 'Filter events' })
    .or(ines.getByRole('combobox', { name: 'Filter events' }))
  await filter.fill('resource:secrets namespace:payments type:grant.active from:"7 days ago"')
  await filter.press('Enter')
  await expect(ines).toHaveURL(/resource=secrets/)
  const row = ines.getByRole('row').filter({ has: ines.locator(`a[href="/requests/${secrets.id}"]`) })
  await expect(row).toContainText('for Mina Okafor')
  await row.locator(`a[href="/requests/${secrets.id}"]`).click()
  const moments = ines.getByRole('list', { name: 'Life of this request' }).getByRole('listitem')
  await expect(moments).toHaveText([
    /^Submittedby Mina Okafor/,
    /^Approvedby (Priya Raman and Tomas Lindqvist|Tomas Lindqvist and Priya Raman)/,
    /^Active\d{4}-/,
    /^Releasedby Mina Okafor/,
  ])
  expect(downloads).toEqual([])
})

test('an auditor saves a filter under a name and comes back to it', async ({ as }) => {
  const ines = await as('ines')
  const name = `Ended ${crypto.randomUUID().slice(0, 8)}`
  await ines.goto('/history?type=grant.ended&from=7+days+ago')
  await ines.getByText('Save this filter').click()
  await ines.getByRole('textbox', { name: 'Name' }).fill(name)
  await ines.getByRole('button', { name: 'Save filter' }).click()
  const saved = ines.getByRole('list', { name: 'Saved filters' })
  await expect(saved.getByRole('link', { name })).toBeVisible()
  await ines.goto('/history')
  await saved.getByRole('link', { name }).click()
  await expect(ines).toHaveURL('/history?type=grant.ended&from=7+days+ago')
  await ines.getByRole('button', { name: `Delete the saved filter ${name}` }).click()
  await expect(saved.getByRole('link', { name })).toHaveCount(0)
})

test('dragging over the histogram chooses a range', async ({ as, api }) => {
  await submit(await api('mina'))
  const ines = await as('ines')
  await ines.goto('/history')
  const chart = ines.getByRole('navigation', { name: 'Events over time' }).getByRole('list')
  await expect(chart).toBeVisible()
  const { x, y, width, height } = (await chart.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
  await ines.mouse.move(x + width / 2, y + height / 2)
  await ines.mouse.down()
  await ines.mouse.move(x + width - 2, y + height / 2, { steps: 5 })
  await ines.mouse.up()
  await expect(ines).toHaveURL(/from=.+&to=/)
  const query = new URL(ines.url()).searchParams
  expect(Date.parse(query.get('from') ?? '')).toBeLessThan(Date.parse(query.get('to') ?? ''))
})

test('an engineer stars an entitlement, and it is one click away', async ({ as }) => {
  const jonas = await as('jonas')
  await jonas.goto('/access')
  await jonas.getByText('The entitlement you can request').click()
  const star = jonas.getByRole('button', { name: 'Favourite: Debug search' })
  await star.click()
  await expect(star).toHaveAttribute('aria-pressed', 'true')
  await jonas.getByRole('list', { name: 'Favourites' }).getByRole('link', { name: 'Debug search' }).click()
  await expect(jonas).toHaveURL(/\/requests\/new\?entitlement=search-debug/)
  await jonas.goto('/access')
  await jonas.getByText('The entitlement you can request').click()
  await star.click()
  await expect(star).toHaveAttribute('aria-pressed', 'false')
})

test('a list of own requests that is not shown whole says so, and leads to the rest', async ({ as, api }) => {
  const mina = await api('mina')
  for (let i = 0; i < 51; i++) await post(mina)
  const page = await as('mina')
  await page.goto('/access')
  await expect(page.getByRole('heading', { name: /^Now \d+$/ })).toBeVisible()
  await expect(page.getByText(/^50 of \d+ are shown\./)).toBeVisible()
  const rows = page.getByRole('region', { name: /^Now/ }).getByRole('listitem')
  await expect(rows).toHaveCount(50)
  await page
    .getByRole('region', { name: /^Now/ })
    .getByRole('link', { name: /^Show \d+ more$/ })
    .click()
  await expect(page).toHaveURL(/now=100/)
  await expect.poll(() => rows.count()).toBeGreaterThan(50)
})
