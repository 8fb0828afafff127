import { aSecretRead, reportCalls } from './activity.ts'
import { expect, test } from './fixtures.ts'

test('every bar and number of the chart of Activity leads to exactly its calls', async ({ as, stage }) => {
  const at = new Date('2026-10-05T10:30:00Z')
  const [one, other] = ['chart-a@example.com', 'chart-b@example.com']
  await reportCalls(stage, [
    ...[200, 404, 403, 403].map((code) => aSecretRead({ code, account: one, at })),
    aSecretRead({ code: 401, account: other, at: new Date('2026-10-05T22:30:00Z') }),
  ])
  const ines = await as('ines')
  await ines.goto('/activity?cluster=prod-eu&from=2026-10-05T00:00:00Z&to=2026-10-06T00:00:00Z')
  const table = ines.getByRole('table', { name: 'Calls over time' })
  await expect(table.getByRole('row').filter({ has: ines.getByRole('link') })).toHaveCount(2)
  const morning = table
    .getByRole('row')
    .filter({ hasText: '2026-10-05 ' })
    .filter({ has: ines.getByRole('link') })
    .last()
  await expect(morning.getByRole('cell')).toHaveText(['2', '0', '2'])
  const chart = ines.getByRole('navigation', { name: 'Calls over time' })
  await expect(chart.getByRole('link')).toHaveText([/^4 calls, 2 refused, from /, /^1 call, 1 refused, from /])

  const calls = ines
    .getByRole('table', { name: 'Calls, the last one to arrive first' })
    .locator('tbody')
    .getByRole('row')
  await morning.getByRole('link').last().click()
  await expect(calls).toHaveCount(2)
  await expect(calls.filter({ hasText: '403, refused' })).toHaveCount(2)
  await ines.goBack()
  await morning.getByRole('link').first().click()
  await expect(calls).toHaveCount(2)
  await expect(calls.filter({ hasText: '403, refused' })).toHaveCount(0)
  await ines.goBack()
  await chart.getByRole('link').first().click()
  await expect(calls).toHaveCount(4)
  await expect(calls.filter({ hasText: one })).toHaveCount(4)
})
