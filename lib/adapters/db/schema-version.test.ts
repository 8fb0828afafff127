import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { expectedMigration } from './schema-version.ts'

test('readiness requires the newest migration', () => {
  const names = readdirSync('prisma/migrations', { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  )
  expect(names.sort().at(-1)).toBe(expectedMigration)
})
