import { afterAll, beforeAll } from 'vitest'
import { testDatabase } from './database.ts'
import { type TestIdentity, testIdentity } from './identity.ts'
import { aClusterState } from './requests.ts'

/** A database and an identity provider of this test file's own, with people who sign in before the first test. */
export async function apiBench(people: readonly string[], configuration: Parameters<typeof testIdentity>[0] = {}) {
  const database = await testDatabase()
  const identity: TestIdentity = await testIdentity(configuration)
  const tokens: Record<string, string> = {}
  beforeAll(async () => {
    await aClusterState()
    for (const person of people) tokens[person] = await identity.token(person)
  })
  afterAll(async () => {
    await identity.stop()
    await database.drop()
  })
  /** For `callRoute`. */
  const as = (person: string) => ({ token: tokens[person] ?? '' })
  return { database, identity, as }
}
