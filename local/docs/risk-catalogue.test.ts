import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { risksDocument } from './risk-catalogue.ts'

test('docs/risks.md matches the risk catalogue', async () => {
  await expect(risksDocument()).toMatchFileSnapshot(fileURLToPath(new URL('../../docs/risks.md', import.meta.url)))
})
