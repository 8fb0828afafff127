import { expect, test } from './fixtures.ts'
import { submit } from './grants.ts'

test('trying a policy on a sample and on past requests does not change the current policy', async ({ as, api }) => {
  test.setTimeout(180_000)
  const [mina, ines] = [await api('mina'), await as('ines')]
  const request = await submit(mina)
  await ines.goto('/guardrails')
  const before = await ines.getByText(/^Current policy/).textContent()
  const policy = ines.getByRole('textbox', { name: 'Guardrails to try' })

  await policy.fill('guardrails:\n  - name: calm\n    description: Calm is kept.\n    effect: denny\n')
  await ines.getByRole('button', { name: 'Evaluate guardrails' }).click()
  await ines.getByRole('button', { name: 'line 4, column 13' }).click()
  await expect(policy).toBeFocused()

  await policy.fill('guardrails:\n  - name: calm\n    description: Calm is kept.\n    effect: deny\n')
  await ines.getByRole('button', { name: 'Evaluate guardrails' }).press('Enter')
  const answer = ines.getByRole('region', { name: 'Result' })
  await expect(answer.getByText('Calm is kept.').first()).toBeVisible()
  await expect(answer.getByText(/refused/).first()).toBeVisible()

  await ines.getByRole('combobox', { name: 'Request', exact: true }).selectOption(request.id)
  await ines.getByRole('button', { name: 'Evaluate guardrails' }).click()
  await expect(answer.getByText('calm', { exact: true }).first()).toBeVisible()

  await ines.getByRole('button', { name: 'Replay requests' }).click()
  await expect(answer.getByText(/The verdict would change/)).toBeVisible()
  await expect(answer.locator(`a[href="/requests/${request.id}"]`)).toBeVisible()

  await policy.fill(
    'guardrails:\n  - name: slow\n    description: Two look at it.\n    effect: require\n    require: { ticket: true }\n',
  )
  await ines.getByRole('button', { name: 'Replay requests' }).click()
  await expect(answer.getByText('required by slow: Two look at it.').first()).toBeVisible()

  // A person who may not see the request cannot choose it.
  const jonas = await as('jonas')
  await jonas.goto('/guardrails')
  await expect(jonas.locator(`option[value="${request.id}"]`)).toHaveCount(0)

  await ines.reload()
  expect(await ines.getByText(/^Current policy/).textContent()).toBe(before)
})
