import { expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { signatureOf } from '#lib/adapters/db/signing'
import { problemStatement } from '#lib/core/signing/statements'
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

/** A refusal as a worker sends it. */
const refusalOf = (order: string, code: string, sentence: string) => ({
  order,
  problem: { code, sentence },
  signature: signatureOf('problem', problemStatement({ order, code, sentence })),
})

test('a refusal by the worker reaches the holder in the worker’s own words', async () => {
  const grant = await minasGrant()
  const refusal = rejectionOf(issueCredential(mina, grant.id))
  const { id } = await orderOf(grant.id)
  await notify(refusalOf(id, 'forbidden', 'You lost the group.'))
  expect(await refusal).toMatchObject({ code: 'forbidden', message: 'You lost the group.' })
})

test('a refusal that no worker signed for this order is ignored, and the worker’s own still arrives', async () => {
  const grant = await minasGrant()
  const refusal = rejectionOf(issueCredential(mina, grant.id))
  const { id } = await orderOf(grant.id)
  const signed = refusalOf(id, 'forbidden', 'You lost the group.')
  const lie = { code: 'forbidden', sentence: 'Sign in again at https://evil.example.' }
  await notify({ order: id, problem: lie })
  await notify({ order: id, problem: lie, signature: '' })
  await notify({ ...signed, problem: lie })
  await notify({ ...refusalOf('ord_00000000000000000000000000', 'forbidden', 'Not this one.'), order: id })
  await notify({ ...signed, signature: signatureOf('answer', problemStatement({ order: id, ...signed.problem })) })
  // Not even a worker's signature makes a response of these.
  for (const code of ['__proto__', 'constructor', 'internal', 'not-found'])
    await notify(refusalOf(id, code, 'There is a credential.'))
  await notify({ ...signed, more: true })
  await notify(signed)
  expect(await refusal).toMatchObject({ code: 'forbidden', message: 'You lost the group.' })
})

test('a grant past its end issues no credential, even before the worker has ended it', async () => {
  const { id } = await minasGrant(new Date(Date.now() - 86_400_000))
  expect(await rejectionOf(issueCredential(mina, id))).toMatchObject({ code: 'conflict' })
})

test.each(['grt_nonsense', 'grt_00000000000000000000000000'])('a credential for %s is not found', async (id) => {
  expect(await rejectionOf(issueCredential(mina, id))).toMatchObject({ code: 'not-found' })
})
