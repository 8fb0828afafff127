import { expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { testBench } from '#testing/bench'
import { eventTypesWhere } from '#testing/events'
import { companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { issueCredential } from './issue-credential.ts'

const { database } = await testBench()
const { mina } = await companyActors('mina')
const minasGrant = (activatedAt?: Date) => aGrant({ holder: mina.person, status: 'active', activatedAt })
const orderOf = async (grantId: string) => {
  await until('the order is placed', async () => (await db().credentialOrder.count({ where: { grantId } })) === 1)
  return db().credentialOrder.findFirstOrThrow({ where: { grantId } })
}
const notify = (answer: unknown) =>
  database.asApp('SELECT pg_notify($1, $2)', [
    'postern_answer',
    typeof answer === 'string' ? answer : JSON.stringify(answer),
  ])

test('without a worker no credential is issued, and its order is cancelled instead of served later', async () => {
  const { id } = await minasGrant()
  expect(await rejectionOf(issueCredential(mina, id))).toMatchObject({ code: 'unavailable' })
  expect(await db().credentialOrder.count({ where: { grantId: id } })).toBe(0)
  expect(await eventTypesWhere({ grantId: id })).toEqual(['credential.requested'])
})

test('a response that was not encrypted for this call is refused', async () => {
  const grant = await minasGrant()
  const refusal = rejectionOf(issueCredential(mina, grant.id))
  const { id, publicKey } = await orderOf(grant.id)
  // The private key never leaves the call.
  expect(Object.keys(publicKey as object).sort()).toEqual(['crv', 'kty', 'x'])
  await notify('no JSON')
  await notify({ order: 'ord_other', jwe: 'x' })
  await notify({ order: id, jwe: 'eyJhbGciOiJkaXIifQ..a.b.c' })
  expect(await refusal).toMatchObject({ code: 'unavailable' })
})

test('a refusal by the worker reaches the holder in the worker’s own words', async () => {
  const grant = await minasGrant()
  const refusal = rejectionOf(issueCredential(mina, grant.id))
  const { id } = await orderOf(grant.id)
  const problem = { code: 'forbidden', sentence: 'You lost the group.' }
  await notify({ order: id, problem })
  expect(await refusal).toMatchObject({ code: 'forbidden', message: problem.sentence })
})

test('a grant past its end issues no credential, even before the worker has ended it', async () => {
  const { id } = await minasGrant(new Date(Date.now() - 86_400_000))
  expect(await rejectionOf(issueCredential(mina, id))).toMatchObject({ code: 'conflict' })
})

test.each(['grt_nonsense', 'grt_00000000000000000000000000'])('a credential for %s is not found', async (id) => {
  expect(await rejectionOf(issueCredential(mina, id))).toMatchObject({ code: 'not-found' })
})
