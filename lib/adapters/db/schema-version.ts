import { db } from './client.ts'

/** The newest migration that this version of the program needs; a test compares it with prisma/migrations. */
export const expectedMigration = '20261128013519_token_webhook_state'

/** Does the database have at least that migration? A newer one is fine, because replicas are updated one by one. */
export async function isSchemaCurrent(): Promise<boolean> {
  const rows = await db().$queryRaw<{ name: string }[]>`
    SELECT migration_name AS name FROM _prisma_migrations
    WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name DESC LIMIT 1`
  return (rows[0]?.name ?? '') >= expectedMigration
}
