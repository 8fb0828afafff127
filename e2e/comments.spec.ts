import type { RequestResource } from '#lib/core/access/request-resource'
import { expect, test } from './fixtures.ts'
import { submit } from './grants.ts'

test('an approver requests more information in the inbox, and the requester answers on their page', async ({
  as,
  api,
}) => {
  const mina = await api('mina')
  const { id } = await submit(mina)
  const priya = await as('priya')
  await priya.goto(`/inbox?request=${id}`)
  await priya.getByText('Write a comment, or request more information').click()
  await priya.getByRole('textbox', { name: 'Comment', exact: true }).fill('Which pods hang?')
  await priya.getByRole('button', { name: 'Request more information' }).click()
  await expect(priya.getByRole('listitem').filter({ hasText: 'Which pods hang?' })).toContainText(
    'needs more information',
  )
  await expect(priya.getByText('Reminders and escalation wait until Mina Okafor answers.')).toBeVisible()

  const page = await as('mina', { viewport: { width: 390, height: 844 } })
  await page.goto(`/requests/${id}`)
  await page.getByRole('textbox', { name: 'Your answer' }).fill('All of payments-api')
  await page.getByRole('button', { name: 'Answer' }).click()
  await expect(page.getByRole('listitem').filter({ hasText: 'All of payments-api' })).toBeVisible()
  const { body } = await mina<RequestResource>('GET', `/requests/${id}`)
  expect(body.comments.map(({ text, needsInformation }) => [text, needsInformation])).toEqual([
    ['Which pods hang?', true],
    ['All of payments-api', false],
  ])
  expect(body.needsInformationSince).toBeNull()
})
