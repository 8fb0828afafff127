import { expect, test } from './fixtures.ts'
import { ask } from './grants.ts'

test('a policy is tried on the guardrails page, on a sample and on what was asked, and comes into force nowhere', async ({
  as,
  api,
}) => {
  test.setTimeout(180_000)
  const [mina, ines] = [await api('mina'), await as('ines')]
  const request = await ask(mina)
  await ines.goto('/guardrails')
  const before = await ines.getByText(/In force since/).textContent()
  const policy = ines.getByRole('textbox', { name: 'Guardrails to try' })

  await policy.fill('guardrails:\n  - name: calm\n    description: Calm is kept.\n    effect: denny\n')
  await ines.getByRole('button', { name: 'Judge' }).click()
  await ines.getByRole('button', { name: 'line 4, column 13' }).click()
  await expect(policy).toBeFocused()

  await policy.fill('guardrails:\n  - name: calm\n    description: Calm is kept.\n    effect: deny\n')
  await ines.getByRole('button', { name: 'Judge' }).press('Enter')
  const answer = ines.getByRole('region', { name: 'What it says' })
  await expect(answer.getByText('Calm is kept.').first()).toBeVisible()
  await expect(answer.getByText(/refused/).first()).toBeVisible()

  await ines.getByRole('combobox', { name: 'Judge' }).selectOption(request.id)
  await ines.getByRole('button', { name: 'Judge' }).click()
  await expect(answer.getByText('calm', { exact: true }).first()).toBeVisible()

  await ines.getByRole('button', { name: 'Replay' }).click()
  await expect(answer.getByText(/would be judged differently/)).toBeVisible()
  await expect(answer.locator(`a[href="/requests/${request.id}"]`)).toBeVisible()

  await policy.fill(
    'guardrails:\n  - name: slow\n    description: Two look at it.\n    effect: require\n    require: { ticket: true }\n',
  )
  await ines.getByRole('button', { name: 'Replay' }).click()
  await expect(answer.getByText('wanted by slow: Two look at it.').first()).toBeVisible()

  // Somebody who may not see the request cannot choose it, and finds nothing of it.
  const jonas = await as('jonas')
  await jonas.goto('/guardrails')
  await expect(jonas.locator(`option[value="${request.id}"]`)).toHaveCount(0)

  await ines.reload()
  expect(await ines.getByText(/In force since/).textContent()).toBe(before)
})
