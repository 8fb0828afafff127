import { expect, test } from 'vitest'
import { transaction } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { claimRefresh, createSession, findLiveSession, findOpenSessions } from '#lib/adapters/db/people/sessions'
import type { PersonActor } from '#lib/core/access/actor'
import { testBench } from '#testing/bench'
import { eventsWhere } from '#testing/events'
import { anActor } from '#testing/people'
import { endOtherSessions } from './end-other-sessions.ts'

const { database } = await testBench()

async function aSession({ person }: PersonActor): Promise<string> {
  const id = newId('session')
  const tokens = { sealedRefreshToken: `refresh ${id}`, sealedIdToken: `identity ${id}` }
  await transaction((tx) => createSession(tx, { id, personId: person.id, clientAddress: '192.0.2.7', ...tokens }))
  return id
}
const isSignedIn = async ({ person }: PersonActor, id: string) =>
  (await findLiveSession({ id, personId: person.id, since: new Date() })) !== null
const eventsAbout = ({ person }: PersonActor) => eventsWhere({ type: 'sessions.ended', aboutId: person.id })

test('every other session of the person is over at once, and one event says how many', async () => {
  const [mina, sam] = [await anActor(), await anActor()]
  const [here, laptop, phone, ofSam] = [
    await aSession(mina),
    await aSession(mina),
    await aSession(mina),
    await aSession(sam),
  ]
  const ended = await endOtherSessions(mina, here)
  expect(ended.map(({ id, sealedRefreshToken }) => [id, sealedRefreshToken]).sort()).toEqual(
    [laptop, phone].map((id) => [id, `refresh ${id}`]).sort(),
  )
  expect([await isSignedIn(mina, laptop), await isSignedIn(mina, phone)]).toEqual([false, false])
  expect([await isSignedIn(mina, here), await isSignedIn(sam, ofSam)]).toEqual([true, true])
  expect((await findOpenSessions(mina.person.id)).map(({ id }) => id)).toEqual([here])
  const events = await eventsAbout(mina)
  expect(events.map(({ actorId, data }) => [actorId, data])).toEqual([[mina.person.id, { count: 2 }]])
})

test('an ended session gives its refresh token to no one', async () => {
  const mina = await anActor()
  const [here, laptop] = [await aSession(mina), await aSession(mina)]
  await database.asOwner(`UPDATE sessions SET refreshed_at = now() - interval '1 hour'`)
  await endOtherSessions(mina, here)
  expect(await claimRefresh(laptop)).toBeNull()
  expect(await claimRefresh(here)).not.toBeNull()
})

test('without another session nothing is recorded', async () => {
  const mina = await anActor()
  const here = await aSession(mina)
  expect(await endOtherSessions(mina, here)).toEqual([])
  expect(await eventsAbout(mina)).toEqual([])
})

test('the session of someone else that is named as the one to keep does not protect any other', async () => {
  const [mina, sam] = [await anActor(), await anActor()]
  const [laptop, ofSam] = [await aSession(mina), await aSession(sam)]
  await endOtherSessions(mina, ofSam)
  expect([await isSignedIn(mina, laptop), await isSignedIn(sam, ofSam)]).toEqual([false, true])
})
