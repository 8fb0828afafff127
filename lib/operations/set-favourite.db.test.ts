import { expect, test } from 'vitest'
import { favouritesOf } from '#lib/adapters/db/people/favourites'
import { testBench } from '#testing/bench'
import { anActor } from '#testing/people'
import { setFavourite } from './set-favourite.ts'

await testBench()

test('a person keeps an entitlement at hand until they no longer want it, and no one else does', async () => {
  const [mina, sam] = [await anActor(), await anActor()]
  await setFavourite(mina, { entitlement: 'payments-restart', favourite: true })
  await setFavourite(mina, { entitlement: 'payments-restart', favourite: true })
  expect(await favouritesOf(mina.person.id)).toEqual(['payments-restart'])
  expect(await favouritesOf(sam.person.id)).toEqual([])
  await setFavourite(mina, { entitlement: 'payments-restart', favourite: false })
  await setFavourite(mina, { entitlement: 'payments-restart', favourite: false })
  expect(await favouritesOf(mina.person.id)).toEqual([])
})

test('an entitlement of other people and one that does not exist get the same refusal', async () => {
  const outsider = await anActor({ groups: ['marketing'] })
  for (const entitlement of ['payments-restart', 'no-such-entitlement'])
    await expect(setFavourite(outsider, { entitlement, favourite: true })).rejects.toMatchObject({
      code: 'not-found',
      message: 'This doesn’t exist, or you don’t have access to it.',
    })
  expect(await favouritesOf(outsider.person.id)).toEqual([])
})
