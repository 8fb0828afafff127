import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { currentPolicy } from '#lib/adapters/policy/current'
import { testBench } from '#testing/bench'
import { aConfiguration } from '#testing/configuration'
import { recordPolicy } from './record-policy.ts'

const { database, policy } = await testBench()

const recorded = () =>
  database.asOwner<{ type: string; policy_hash: string; sentence: string | null }>(
    `SELECT type, policy_hash, data->>'sentence' AS sentence FROM audit_events ORDER BY seq`,
  )

test('a version of the configuration is recorded once, however many replicas load it', async () => {
  const first = currentPolicy()
  await Promise.all([1, 2, 3].map(() => recordPolicy(first, policy.file)))
  expect(await recorded()).toMatchObject([{ type: 'policy.loaded', policy_hash: first.hash }])
  await policy.change(aConfiguration({ publicUrl: 'https://postern.example.com' }))
  await recordPolicy(currentPolicy(), policy.file)
  expect((await recorded()).map((event) => event.policy_hash)).toEqual([first.hash, currentPolicy().hash])
})

test('a refused change is recorded with the place of its problem and the version that stays in force', async () => {
  const { hash } = currentPolicy()
  writeFileSync(policy.file, JSON.stringify({ ...aConfiguration(), publicUrl: 'nowhere' }))
  await expect.poll(() => currentPolicy().refused, { timeout: 60_000 }).not.toBeNull()
  await Promise.all([recordPolicy(currentPolicy(), policy.file), recordPolicy(currentPolicy(), policy.file)])
  const events = (await recorded()).filter((event) => event.type === 'policy.refused')
  expect(events).toMatchObject([{ policy_hash: hash }])
  expect(events[0]?.sentence).toMatch(/postern-\d+\.yaml:\d+:\d+: publicUrl must be/)
})
