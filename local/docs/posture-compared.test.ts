import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { comparisonDocument, findingsOf } from './posture-compared.ts'
import { scannerChecks } from './scanner-checks.ts'

test('docs/posture-compared.md matches the comparison with other scanners', async () => {
  const file = fileURLToPath(new URL('../../docs/posture-compared.md', import.meta.url))
  await expect(comparisonDocument()).toMatchFileSnapshot(file)
})

test.each(scannerChecks.map((one) => [one.scanner, one.check, one] as const))(
  'Postern finds in the case of %s %s what the page says',
  (_, __, one) => {
    const found = findingsOf(one).map(({ check }) => check)
    if (typeof one.finds === 'string') expect(found).toContain(one.finds)
    else expect(found).toEqual([])
  },
)

test('no two cases of a scanner have the same name', () => {
  const names = scannerChecks.map(({ scanner, check }) => `${scanner} ${check}`)
  expect(new Set(names).size).toBe(names.length)
})
