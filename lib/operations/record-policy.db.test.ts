import { writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { currentPolicy } from '#lib/adapters/policy/current'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { testPolicy } from '#testing/policy'
import { recordPolicy } from './record-policy.ts'

const database = await testDatabase()
const policy = await testPolicy()
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const recorded = () =>
  database.asOwner<{ type: string; policy_hash: string; sentence: string | null }>(
    `SELECT type, policy_hash, data->>'sentence' AS sentence FROM audit_events ORDER BY seq`,
  )

test('a version that is in force is recorded once, however many replicas see it', async () => {
  const seen = currentPolicy()
  await Promise.all([1, 2, 3].map(() => recordPolicy(seen, policy.file)))
  expect(await recorded()).toMatchObject([{ type: 'policy.loaded', policy_hash: seen.hash }])
  await policy.change(aConfiguration({ publicUrl: 'https://postern.example.com' }))
  await recordPolicy(currentPolicy(), policy.file)
  expect((await recorded()).map((event) => event.policy_hash)).toEqual([seen.hash, currentPolicy().hash])
})

test('a refused change is recorded with what is wrong where, beside the version that stays in force', async () => {
  const { hash } = currentPolicy()
  writeFileSync(policy.file, JSON.stringify({ ...aConfiguration(), publicUrl: 'nowhere' }))
  await expect.poll(() => currentPolicy().refused, { timeout: 10_000 }).not.toBeNull()
  await Promise.all([recordPolicy(currentPolicy(), policy.file), recordPolicy(currentPolicy(), policy.file)])
  const events = (await recorded()).filter((event) => event.type === 'policy.refused')
  expect(events).toMatchObject([{ policy_hash: hash }])
  expect(events[0]?.sentence).toMatch(/postern-\d+\.yaml:\d+:\d+: publicUrl must be/)
})
