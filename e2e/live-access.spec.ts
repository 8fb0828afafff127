import type { GrantResource } from '#lib/core/access/grant-resource'
import { type Api, expect, test } from './fixtures.ts'
import { approve, grantOf, submit } from './grants.ts'

const activeGrant = async (mina: Api) =>
  grantOf(mina, (await submit(mina, { entitlement: 'payments-events', duration: 'PT15M' })).id, 'active')

test('an admin ends all access of an entitlement at once, and only after typing its name', async ({ as, api }) => {
  const [mina, ola] = await Promise.all([api('mina'), as('ola')])
  const grants = [await activeGrant(mina), await activeGrant(mina)]
  const elsewhere = await submit(mina)
  await approve(await api('priya'), elsewhere)
  const kept = await grantOf(mina, elsewhere.id, 'active')

  await ola.goto('/live')
  await ola.getByRole('combobox', { name: 'Show' }).selectOption({ label: 'Read payment events (2)' })
  await expect(ola).toHaveURL(/scope=entitlement/)
  const list = ola.getByRole('list', { name: 'Live access' })
  await expect(list.getByRole('listitem')).toHaveCount(2)
  await expect(list).toContainText('approved by automatic')
  await ola.getByText('Revoke all access of the entitlement').click()
  await ola.getByRole('textbox', { name: 'Reason' }).fill('The token leaked')
  await ola.getByRole('textbox', { name: 'Type the name to confirm' }).fill('payments')
  await ola.getByRole('button', { name: 'Revoke 2 grants' }).click()
  await expect(ola.getByText('must be the name of what you revoke')).toBeVisible()
  await expect(ola.getByRole('textbox', { name: 'Type the name to confirm' })).toBeFocused()
  await ola.getByRole('textbox', { name: 'Type the name to confirm' }).fill('payments-events')
  await ola.getByRole('button', { name: 'Revoke 2 grants' }).click()
  for (const { requestId } of grants) {
    const ended = await grantOf(mina, requestId, 'ended')
    expect(ended).toMatchObject({ endedBy: 'revocation', endedByName: 'Ola Nowak', endNote: 'The token leaked' })
  }
  await expect(list.getByRole('listitem')).toHaveCount(0)
  const { body } = await mina<GrantResource>('GET', `/grants/${kept.id}`)
  expect(body.status).toBe('active')

  // What really happened, not what was planned.
  await ola.goto(`/requests/${grants[0]?.requestId}`)
  await expect(ola.locator('#decided')).toContainText(
    /for \d+ (s|min)( \d+ s)? of 15 min, .*\d\d:\d\d:\d\d–.*\d\d:\d\d:\d\d UTC(?:[+-][\d:]+)?, revoked/,
  )
})

test('live access lists what the reader may see, and an approver finds their decision with what came of it', async ({
  as,
  api,
}) => {
  const [mina, lead] = await Promise.all([api('mina'), api('priya')])
  const request = await submit(mina, { reason: 'To see who can see it' })
  await approve(lead, request)
  await grantOf(mina, request.id, 'active')
  const link = `a[href="/requests/${request.id}"]`
  for (const person of ['mina', 'priya', 'ines'] as const) {
    const page = await as(person)
    await page.goto('/live')
    const row = page.getByRole('listitem').filter({ has: page.locator(link) })
    await expect(row).toContainText('approved by Priya Raman')
    await expect(row.getByRole('button', { name: 'Revoke access' })).toHaveCount(person === 'priya' ? 1 : 0)
    await page.goto('/inbox/decided')
    await expect(page.locator(link)).toHaveCount(person === 'priya' ? 1 : 0)
  }
  const jonas = await as('jonas')
  await jonas.goto('/live')
  await expect(jonas.getByRole('heading', { level: 1, name: 'Live access' })).toBeVisible()
  await expect(jonas.locator(link)).toHaveCount(0)
})
