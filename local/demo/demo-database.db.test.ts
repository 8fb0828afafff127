import { afterAll, expect, test } from 'vitest'
import { testDatabase } from '#testing/database'
import { migrateDemo } from './demo-database.ts'

const database = await testDatabase()
afterAll(database.drop)

test('a demo whose database is of an older version says at its start how to begin anew', async () => {
  await migrateDemo(database.ownerUrl)
  await database.asOwner(`UPDATE _prisma_migrations SET checksum = 'that of an older baseline'`)
  await expect(migrateDemo(database.ownerUrl)).rejects.toThrow('npm run demo -- --reset')
})
