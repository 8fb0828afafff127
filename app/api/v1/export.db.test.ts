import { beforeAll, expect, test } from 'vitest'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { exportAuditEvents } from '#lib/views/export-audit-events'
import { testBench } from '#testing/bench'
import { anActor, aSystemActor } from '#testing/people'
import { statementsOf } from '#testing/statements'

await testBench()
const auditor = await anActor({ roles: ['auditor'] })
const mina = await anActor()
const others = await anActor()

beforeAll(async () => {
  for (const [actor, count] of [[mina, 130] as const, [others, 5] as const])
    await transaction(async (tx) => {
      for (let i = 0; i < count; i++)
        await recordEvent(tx, {
          type: 'request.denied',
          actor: aSystemActor(),
          data: { note: `=note ${i}` },
          about: { personId: actor.person.id, cluster: 'prod-eu' },
        })
    })
})

async function exported(...args: Parameters<typeof exportAuditEvents>): Promise<string> {
  let text = ''
  for await (const piece of exportAuditEvents(...args)) text += piece
  return text
}
const linesOf = (text: string) => text.trim().split('\n')
const denied = { type: 'request.denied' }

test('an export has every event of the filter, over all pages, newest first', async () => {
  const events = linesOf(await exported(auditor, denied, 'jsonl')).map((line) => JSON.parse(line))
  expect(events).toHaveLength(135)
  expect(new Set(events.map(({ id }) => id)).size).toBe(135)
  expect(events.map(({ at }) => at)).toEqual(
    events
      .map(({ at }) => at)
      .toSorted()
      .reverse(),
  )
  expect(linesOf(await exported(auditor, denied, 'csv'))).toHaveLength(136)
  expect(linesOf(await exported(auditor, { ...denied, cluster: 'elsewhere' }, 'csv'))).toHaveLength(1)
})

test('an export has only what its reader may see', async () => {
  const of = async (actor: typeof mina) =>
    linesOf(await exported(actor, denied, 'jsonl')).map((line) => JSON.parse(line))
  expect(await of(mina)).toHaveLength(130)
  expect((await of(others)).every(({ about }) => about.id === others.person.id)).toBe(true)
})

test('a page is read only when the one before it was taken', async () => {
  const pieces = exportAuditEvents(auditor, denied, 'csv')
  const before = await statementsOf(() => pieces.next())
  expect(before.filter((sql) => sql.includes('FROM audit_events'))).toHaveLength(1)
  expect(await statementsOf(() => pieces.return(undefined))).toEqual([])
})
