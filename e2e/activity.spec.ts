import { aSecretRead, reportCalls } from './activity.ts'
import { expect, test } from './fixtures.ts'
import { axeFindings, colorSchemes, excessWidth, showIn } from './page-checks.ts'

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

test('Activity shows a time without events as unknown, and calls that only an import brought as a gap with the file and the person', async ({
  as,
  api,
  stage,
}) => {
  const at = (minute: number) => new Date(Date.UTC(2026, 8, 7, 10, minute))
  const account = 'gaps@example.com'
  const minutes = Array.from({ length: 120 }, (_, minute) => minute)
  const isLost = (minute: number) => minute >= 40 && minute < 60
  const read = (minute: number) => aSecretRead({ code: 200, account, at: at(minute) })
  await reportCalls(stage, minutes.filter((minute) => !isLost(minute)).map(read))
  const ines = await as('ines')
  const address = '/activity?cluster=prod-eu&from=2026-09-07T10:00:00Z&to=2026-09-07T12:00:00Z'
  await ines.goto(address)
  const gaps = ines.locator('#gaps')
  await expect(gaps).toContainText(
    /Unknown: no events of prod-eu between .* and .*Its events are usually at most 1 minute apart/,
  )

  const ola = await api('ola')
  const started = await ola<{ id: string }>('POST', '/clusters/prod-eu/audit-imports', { file: 'audit-2026-09-07.log' })
  expect(started.status).toBe(201)
  await reportCalls(stage, minutes.filter(isLost).map(read), started.body.id)
  await ines.goto(address)
  await expect(gaps).not.toContainText('Unknown')
  const row = gaps.getByRole('table', { name: 'Calls that had not arrived' }).locator('tbody').getByRole('row')
  await expect(row).toHaveCount(1)
  await expect(row).toContainText(/audit-2026-09-07\.log by Ola Nowak at/)
  for (const width of [320, 1280]) {
    await ines.setViewportSize({ width, height: 900 })
    expect(await excessWidth(ines), `${width} px`).toBe(0)
    for (const colorScheme of colorSchemes) {
      await showIn(ines, colorScheme)
      expect(await axeFindings(ines), `${width} px, ${colorScheme}`).toEqual([])
    }
  }
  await row.getByRole('link', { name: '20', exact: true }).click()
  const calls = ines
    .getByRole('table', { name: 'Calls, the last one to arrive first' })
    .locator('tbody')
    .getByRole('row')
  await expect(calls).toHaveCount(20)
})
