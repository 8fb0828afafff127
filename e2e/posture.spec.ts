import { expect, test } from './fixtures.ts'
import { axeFindings, colorSchemes, excessWidth, showIn } from './page-checks.ts'

test('an admin takes a baseline, and accepts the risk of one finding until a day', async ({ as }) => {
  const ola = await as('ola')
  await ola.goto('/clusters/prod-eu/posture')
  await ola.getByRole('button', { name: 'Take a baseline' }).click()
  await expect(ola.getByText(/since the baseline, .* \(Ola Nowak\)/)).toBeVisible()

  const finding = ola.locator('#open').getByRole('listitem').filter({ hasText: 'RoleBinding payments/payments-api' })
  await finding.getByText('Accept the risk').first().click()
  for (const colorScheme of colorSchemes) {
    await showIn(ola, colorScheme)
    expect(await axeFindings(ola), colorScheme).toEqual([])
  }
  await finding.getByRole('textbox', { name: 'Reason' }).fill('It reads its own database password.')
  await finding.getByRole('textbox', { name: 'Owner' }).fill('payments')
  const nextWeek = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10)
  await finding.getByLabel('Until').fill(nextWeek)
  await finding.getByRole('button', { name: 'Accept the risk' }).click()
  const accepted = ola
    .locator('#accepted')
    .getByRole('listitem')
    .filter({ hasText: 'RoleBinding payments/payments-api' })
  await expect(accepted).toContainText('Ola Nowak accepted it')
  await expect(accepted).toContainText('It reads its own database password.')

  await accepted.getByText('Withdraw the acceptance').first().click()
  await accepted.getByRole('textbox', { name: 'Note' }).fill('The password moved to a vault.')
  await accepted.getByRole('button', { name: 'Withdraw the acceptance' }).click()
  await expect(finding).toBeVisible()
})

test('an auditor sees which standing access requests could replace, with an entitlement to add', async ({ as }) => {
  const ines = await as('ines')
  await ines.goto('/clusters/prod-eu/posture')
  const held = ines.locator('#standing').getByRole('listitem').filter({ hasText: 'ClusterRole edit in search' })
  await expect(held).toContainText('2 people and 1 group hold')
  await expect(held).toContainText('Whether')
  await held.getByText('How to replace it').click()
  await expect(held).toContainText('No entitlement is suggested. Its holder could keep the access')
  await expect(held).toContainText('create serviceaccounts/token: Can create service account tokens')
  const replaceable = ines.locator('#standing').getByRole('listitem').filter({ hasText: 'Role index-keys in search' })
  await replaceable.getByText('How to replace it').click()
  await expect(replaceable).toContainText('name: search-index-keys')
  await expect(replaceable).toContainText('fill-in-the-approvers')
  await expect(replaceable).toContainText('kubectl delete rolebinding/index-keys --namespace search')
  for (const colorScheme of colorSchemes) {
    await showIn(ines, colorScheme)
    expect(await axeFindings(ines), colorScheme).toEqual([])
  }
  for (const [name, ending] of [
    ['Download SARIF', 'sarif'],
    ['Download PolicyReport', 'yaml'],
  ] as const) {
    const download = ines.waitForEvent('download')
    await ines.getByRole('link', { name }).click()
    expect((await download).suggestedFilename()).toBe(`postern-posture-prod-eu.${ending}`)
  }
})

test('an auditor sees a chain to cluster-admin as boxes and arrows, on a phone too', async ({ as }) => {
  const ines = await as('ines')
  await ines.goto('/clusters/prod-eu/posture')
  const steps = ines
    .locator('#open')
    .getByRole('list', { name: 'Steps of the takeover' })
    .filter({ hasText: 'Group oidc:alert-debuggers' })
  await expect(steps.getByRole('listitem')).toHaveText([
    /^Group oidc:alert-debuggers.*RoleBinding default\/alert-debuggers.*Role alert-debuggers.*can use pods\/exec/s,
    /^ServiceAccount default\/cluster-agent.*ClusterRoleBinding cluster-agent.*can impersonate it/s,
    'Group system:masters',
  ])
  await ines.setViewportSize({ width: 320, height: 800 })
  await steps.scrollIntoViewIfNeeded()
  expect(await excessWidth(ines)).toBe(0)
  for (const colorScheme of colorSchemes) {
    await showIn(ines, colorScheme)
    expect(await axeFindings(ines), colorScheme).toEqual([])
  }
})
