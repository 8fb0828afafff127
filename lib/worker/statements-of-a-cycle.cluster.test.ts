import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { listen } from '#lib/adapters/db/listen'
import { issueCredential } from '#lib/operations/issue-credential'
import { releaseGrant } from '#lib/operations/release-grant'
import { submitRequest } from '#lib/operations/submit-request'
import { anEntitlementDocument } from '#testing/configuration'
import { anActor } from '#testing/people'
import { aSubmission } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

// What a cycle costs in statements: a request that is approved automatically, its access, a credential, its release, its end.

const { database, offer } = await workerBench()
const isRead = async () => (await database.asApp('SELECT FROM cluster_states WHERE reachable')).length > 0
beforeAll(() => until('the worker has read its cluster', isRead))

test('a full cycle takes 16 statements, none of which claims a grant, asks for the next deadline or orders a credential', async () => {
  await offer(anEntitlementDocument({ approvals: [] }))
  const actor = await anActor()
  const idIn = new Map<string, string>()
  const listener = listen(['postern_grant'], (_channel, payload) => {
    const [id = '', status = ''] = payload.split(' ')
    idIn.set(status, id)
  })
  await listener.ready
  const reaches = (status: string) => until(status, async () => idIn.has(status)).then(() => idIn.get(status) ?? '')
  const cycle = async () => {
    idIn.clear()
    await submitRequest(actor, aSubmission())
    const grantId = await reaches('active')
    await issueCredential(actor, grantId)
    await releaseGrant(actor, grantId)
    await reaches('ended')
  }
  // The first ones open connections, and store the policy and the entitlement.
  for (let i = 0; i < 3; i++) await cycle()
  const cycles = 15
  const began = performance.now()
  const statements = await statementsOf(async () => {
    for (let i = 0; i < cycles; i++) await cycle()
  })
  // Housekeeping goes by time: the same time without a cycle has as much of it, however slow the machine is.
  const took = performance.now() - began
  const housekeeping = await statementsOf(() => delay(took))
  await listener.stop()
  const counts = new Map<string, number>()
  for (const sql of statements) counts.set(sql, (counts.get(sql) ?? 0) + 1)
  for (const sql of housekeeping) counts.set(sql, (counts.get(sql) ?? 0) - 1)
  // So does the log: a slow machine appends the events of each cycle in a transaction of their own, a fast one those of several.
  const ofLog = [...counts].filter(([sql]) => sql.includes('log_leaves'))
  const appended = Math.max(0, ...ofLog.map(([, count]) => count))
  for (const [sql] of ofLog) counts.delete(sql)
  for (const sql of ['BEGIN', 'COMMIT']) counts.set(sql, (counts.get(sql) ?? 0) - appended)
  // What is left of it came less often than the cycles.
  const perCycle = [...counts].flatMap(([sql, count]) => (count < cycles ? [] : [[sql, count / cycles] as const]))
  const total = perCycle.reduce((sum, [, count]) => sum + Math.floor(count), 0)
  expect(total, perCycle.map(([sql, count]) => `${count}: ${sql.slice(0, 80)}`).join('\n')).toBeLessThanOrEqual(16)
  expect(perCycle.filter(([sql]) => /WITH free AS|min\(next_attempt_at\)|credential_orders/.test(sql))).toEqual([])
}, 120_000)
