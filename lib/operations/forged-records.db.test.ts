import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { digestOf } from '#lib/core/access/terms'
import { getRequest } from '#lib/views/get-request'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { anActor, aPerson } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { aClusterState, aRequest } from '#testing/requests'
import { decideRequest } from './decide-request.ts'

// Whoever writes to the database as the application's role cannot have somebody's yes taken for one to what they wrote.

const database = await testDatabase()
let policy: Awaited<ReturnType<typeof testPolicy>>
beforeAll(async () => {
  policy = await testPolicy(aConfiguration())
  await aClusterState()
})
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const secrets = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }]

describe.each([
  [
    'wider terms under an untouched digest',
    (id: string) => database.asApp(`UPDATE requests SET rules = $2 WHERE id = $1`, [id, JSON.stringify(secrets)]),
    'request not-what-was-decided',
  ],
  [
    'wider terms with the digest that belongs to them',
    async (id: string) => {
      const { requester, ...row } = await db().request.findUniqueOrThrow({
        where: { id },
        include: { requester: true },
      })
      const digest = digestOf({ ...row, rules: secrets, requester })
      await database.asApp(`UPDATE requests SET rules = $2, digest = $3 WHERE id = $1`, [
        id,
        JSON.stringify(secrets),
        digest,
      ])
    },
    'request not-what-was-decided',
  ],
  [
    'a group for the requester',
    (id: string) =>
      database.asApp(
        `UPDATE people SET groups = '{sre}' WHERE id = (SELECT requester_id FROM requests WHERE id = $1)`,
        [id],
      ),
    'person mismatch',
  ],
  [
    'a request from before records were signed',
    (id: string) => database.asApp(`UPDATE requests SET signature = NULL WHERE id = $1`, [id]),
    'request missing',
  ],
] as const)('%s', (_, forge, record) => {
  it('cannot be approved, which is recorded, is said on the page, and can still be denied', async () => {
    const lead = await anActor({ groups: ['payments-leads'] })
    const { id } = await aRequest({ requester: await aPerson() })
    await forge(id)
    const shown = await getRequest(lead, id)
    expect(shown.can.decide).toMatchObject({ may: true })
    expect(shown.signatureFailure).toMatch(/Postern|not what was approved/)
    const yes = decideRequest(lead, id, { decision: 'approve', digest: shown.digest })
    await expect(yes).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('cannot be approved'),
    })
    const events = await db().auditEvent.findMany({ where: { requestId: id } })
    expect(
      events.map(({ type, actorId, data }) => [
        type,
        actorId,
        `${(data as { record: string }).record} ${(data as { code: string }).code}`,
      ]),
    ).toEqual([['record.rejected', lead.person.id, record]])
    expect(await db().decision.count({ where: { requestId: id } })).toBe(0)
    expect(await decideRequest(lead, id, { decision: 'deny', digest: shown.digest })).toMatchObject({
      status: 'denied',
    })
  })
})
