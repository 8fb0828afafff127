import { expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { digestOf } from '#lib/core/access/terms'
import { getRequest } from '#lib/views/get-request'
import { testBench } from '#testing/bench'
import { decide } from '#testing/decisions'
import { eventsWhere, rejectedRecords } from '#testing/events'
import { companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aRequest } from '#testing/requests'

// An intruder who writes to the database as the application's role cannot have an approver approve what they wrote.

const { database } = await testBench()
const { mina, priya } = await companyActors('mina', 'priya')
const secrets = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }]

test.each([
  [
    'wider terms under the old digest',
    (id: string) => database.asApp('UPDATE requests SET rules = $2 WHERE id = $1', [id, JSON.stringify(secrets)]),
    'request not-what-was-decided',
  ],
  [
    'wider terms with their own digest',
    async (id: string) => {
      const { requester, ...row } = await db().request.findUniqueOrThrow({
        where: { id },
        include: { requester: true },
      })
      const values = [id, JSON.stringify(secrets), digestOf({ ...row, rules: secrets, requester })]
      await database.asApp('UPDATE requests SET rules = $2, digest = $3 WHERE id = $1', values)
    },
    'request not-what-was-decided',
  ],
  [
    'another group of the requester',
    () => database.asApp(`UPDATE people SET groups = '{sre}' WHERE id = $1`, [mina.person.id]),
    'person mismatch',
  ],
  [
    'no signature, as before records were signed',
    (id: string) => database.asApp('UPDATE requests SET signature = NULL WHERE id = $1', [id]),
    'request missing',
  ],
] as const)(
  'a request with %s cannot be approved: its page says so and the attempt is recorded',
  async (_, forge, record) => {
    const { id } = await aRequest({ requester: mina.person })
    await forge(id)
    const shown = await getRequest(priya, id)
    expect(shown.can.decide).toMatchObject({ may: true })
    expect(shown.signatureFailure).toMatch(/Postern|not the one that was approved/)
    const refusal = await rejectionOf(decide(priya, shown))
    expect(refusal).toMatchObject({ code: 'conflict', message: expect.stringContaining("can't be approved") })
    expect(await eventsWhere({ requestId: id })).toMatchObject([{ type: 'record.rejected', actorId: priya.person.id }])
    expect(await rejectedRecords({ requestId: id })).toEqual([record])
    expect(await db().decision.count({ where: { requestId: id } })).toBe(0)
    expect(await decide(priya, shown, { decision: 'deny' })).toMatchObject({ status: 'denied' })
  },
)
