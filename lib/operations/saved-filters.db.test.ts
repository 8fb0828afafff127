import { expect, test } from 'vitest'
import { savedFilters } from '#lib/views/saved-filters'
import { testBench } from '#testing/bench'
import { anActor } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { deleteHistoryFilter, saveHistoryFilter } from './saved-filters.ts'

await testBench()

test('a saved filter is its author’s own, and is replaced and deleted by its name', async () => {
  const [ines, ola] = [await anActor(), await anActor()]
  await saveHistoryFilter(ines, { name: 'Secrets', query: 'resource=secrets' })
  await saveHistoryFilter(ines, { name: 'Secrets', query: 'resource=secrets&from=7+days+ago' })
  await saveHistoryFilter(ola, { name: 'Secrets', query: 'cluster=prod-eu' })
  expect(await savedFilters(ines)).toEqual([{ name: 'Secrets', query: 'resource=secrets&from=7+days+ago' }])
  await deleteHistoryFilter(ines, { name: 'Secrets' })
  expect(await savedFilters(ines)).toEqual([])
  expect(await savedFilters(ola)).toHaveLength(1)
})

test('only the terms of a filter are saved, whatever else the address had', async () => {
  const ines = await anActor()
  await saveHistoryFilter(ines, { name: 'Mine', query: 'cursor=evt_1&open=evt_2&actor=Mina&javascript=alert' })
  expect(await savedFilters(ines)).toEqual([{ name: 'Mine', query: 'actor=Mina' }])
  expect(await rejectionOf(saveHistoryFilter(ines, { name: 'Nothing', query: 'cursor=evt_1' }))).toMatchObject({
    code: 'invalid',
    errors: [{ pointer: '/query', message: 'must have at least one term' }],
  })
})

test('a person can save 50 filters, and the next one names the limit', async () => {
  const ines = await anActor()
  for (let i = 0; i < 50; i++) await saveHistoryFilter(ines, { name: `Filter ${i}`, query: 'type=grant.ended' })
  const rejection = await rejectionOf(saveHistoryFilter(ines, { name: 'One more', query: 'type=grant.ended' }))
  expect(rejection).toMatchObject({ code: 'invalid', errors: [{ pointer: '/name' }] })
  expect(await savedFilters(ines)).toHaveLength(50)
})
