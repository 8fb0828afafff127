import { join } from 'node:path'
import { checkout } from '#local/processes/places'

/**
 * Brings the demo's database up to date.
 * @throws Error if it has the tables of an older checkout: until the first release a migration is changed in place
 */
export async function migrateDemo(ownerUrl: string): Promise<void> {
  const { migrate } = await import('../../prisma/migrate.mjs')
  const warnings: string[] = []
  await migrate(ownerUrl, join(checkout, 'prisma/migrations'), (line) => {
    if (line.startsWith('warning:')) warnings.push(line)
  })
  if (warnings.length > 0)
    throw new Error(
      "the demo's database is of an older version of Postern. Start from scratch: npm run demo -- --reset",
    )
}
