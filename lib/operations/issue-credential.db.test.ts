import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { stopAwaiting } from '#lib/adapters/db/grants/await-answer'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { aPerson, asActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { aGrant, aRequest } from '#testing/requests'
import { until } from '#testing/until'
import { issueCredential } from './issue-credential.ts'

const database = await testDatabase()
let policy: Awaited<ReturnType<typeof testPolicy>>
beforeAll(async () => {
  policy = await testPolicy(aConfiguration())
})
afterAll(async () => {
  await stopAwaiting()
  await policy.stop()
  await database.drop()
})

async function anActiveGrant() {
  const holder = await aPerson()
  const request = await aRequest({ requester: holder, status: 'approved' })
  return { holder, grant: await aGrant({ request, status: 'active' }) }
}

const orderOf = async (grantId: string) => {
  await until('the order is placed', async () => (await db().credentialOrder.count({ where: { grantId } })) === 1)
  return db().credentialOrder.findFirstOrThrow({ where: { grantId } })
}
const notify = (answer: unknown) =>
  database.asApp('SELECT pg_notify($1, $2)', [
    'postern_answer',
    typeof answer === 'string' ? answer : JSON.stringify(answer),
  ])

describe('a credential', () => {
  it('is refused while nobody can make it, and what nobody waits for is not made later', async () => {
    const { holder, grant } = await anActiveGrant()
    await expect(issueCredential(asActor(holder), grant.id)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await db().credentialOrder.count({ where: { grantId: grant.id } })).toBe(0)
    const events = await db().auditEvent.findMany({ where: { grantId: grant.id } })
    expect(events.map(({ type }) => type)).toEqual(['credential.requested'])
  })

  it('is not taken from an answer that was not sealed for this call', async () => {
    const { holder, grant } = await anActiveGrant()
    const issued = issueCredential(asActor(holder), grant.id)
    const refused = expect(issued).rejects.toMatchObject({ code: 'unavailable' })
    const { id, publicKey } = await orderOf(grant.id)
    // The private half never leaves the call.
    expect(Object.keys(publicKey as object).sort()).toEqual(['crv', 'kty', 'x'])
    await notify('no JSON')
    await notify({ order: 'ord_other', jwe: 'x' })
    await notify({ order: id, jwe: 'eyJhbGciOiJkaXIifQ..a.b.c' })
    await refused
  })

  it('is refused with the worker’s own sentence', async () => {
    const { holder, grant } = await anActiveGrant()
    const issued = issueCredential(asActor(holder), grant.id)
    const refused = expect(issued).rejects.toMatchObject({ code: 'forbidden', message: 'You lost the group.' })
    const { id } = await orderOf(grant.id)
    await notify({ order: id, problem: { code: 'forbidden', sentence: 'You lost the group.' } })
    await refused
  })

  it('is refused for a grant that is past its end although nobody has ended it yet', async () => {
    const holder = await aPerson()
    const request = await aRequest({ requester: holder, status: 'approved' })
    const grant = await aGrant({ request, status: 'active', activatedAt: new Date(Date.now() - 86_400_000) })
    await expect(issueCredential(asActor(holder), grant.id)).rejects.toMatchObject({ code: 'conflict' })
  })

  it.each(['grt_nonsense', 'grt_00000000000000000000000000'])('of %s is of nothing', async (id) => {
    await expect(issueCredential(asActor(await aPerson()), id)).rejects.toMatchObject({ code: 'not-found' })
  })
})
