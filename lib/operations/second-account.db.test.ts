import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { inboxCount } from '#lib/views/inbox-count'
import { testDatabase } from '#testing/database'
import { anActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { rejectionOf } from '#testing/rejection'
import { aClusterState } from '#testing/requests'
import { decideRequest } from './decide-request.ts'
import { submitRequest } from './submit-request.ts'

// Promise 2, against one human being with two accounts at the identity provider: one that asks, one that may approve.

const database = await testDatabase()
const policy = await testPolicy()
beforeAll(() => aClusterState())
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

let count = 0
/** Two accounts of one person, as first seen. */
async function twoAccounts(email: string, secondEmail = email) {
  count += 1
  const asking = { subject: `asks-${count}`, groups: ['payments-dev'] }
  const deciding = { subject: `decides-${count}`, groups: ['payments-leads'] }
  return {
    ...{ asking, deciding },
    requesterActor: await anActor({ ...asking, email }),
    decider: await anActor({ ...deciding, email: secondEmail }),
  }
}

const ask = (actor: PersonActor) =>
  submitRequest(actor, {
    entitlement: 'payments-restart',
    cluster: 'prod-eu',
    namespaces: ['payments'],
    reason: 'the checkout pods hang since the last deploy',
    durationSeconds: 600,
  })

async function expectRefused(decider: PersonActor, { id, digest }: { id: string; digest: string }) {
  const error = await rejectionOf(decideRequest(decider, id, { decision: 'approve', digest }))
  expect(error).toMatchObject({ code: 'forbidden', message: expect.stringMatching(/your own request/) })
  const others = await anActor({ groups: ['payments-leads'] })
  expect(await inboxCount(decider), 'nor does it wait for them').toBe((await inboxCount(others)) - 1)
  await decideRequest(others, id, { decision: 'deny', digest })
}

test('nobody decides their own request after the e-mail of the account that asked was changed', async () => {
  const { asking, requesterActor, decider } = await twoAccounts('ada@example.com')
  const request = await ask(requesterActor)
  await anActor({ ...asking, email: 'somebody.else@example.com' })
  await expectRefused(decider, request)
})

test('nobody decides their own request after the e-mail of the account that decides was changed', async () => {
  const { deciding, requesterActor } = await twoAccounts('bea@example.com')
  const request = await ask(requesterActor)
  await expectRefused(await anActor({ ...deciding, email: 'new@example.com' }), request)
})

test('nobody decides their own request by a sign-in that leaves out the e-mail, or says it unverified', async () => {
  const { asking, deciding, requesterActor, decider } = await twoAccounts('cyd@example.com')
  await expectRefused(await anActor({ ...deciding, email: null, emailVerified: false }), await ask(requesterActor))
  await expectRefused(await anActor({ ...deciding, emailVerified: false }), await ask(requesterActor))
  const nameless = await anActor({ ...asking, email: null, emailVerified: false })
  await expectRefused(decider, await ask(nameless))
})

test('nobody decides their own request by another spelling of the same mailbox', async () => {
  for (const spelling of ['DEE@example.COM', 'dee+lead@example.com', 'ｄｅｅ@example.com', ' dee@example.com\u00a0']) {
    const { requesterActor, decider } = await twoAccounts('dee@example.com', spelling)
    await expectRefused(decider, await ask(requesterActor))
    const swapped = await twoAccounts(spelling, 'dee@example.com')
    await expectRefused(swapped.decider, await ask(swapped.requesterActor))
  }
})

test('what was verified once is forgotten by nobody, not by the application’s role either', async () => {
  const { person } = await anActor({ email: 'eve@example.com' })
  await database.asApp(`UPDATE people SET known_emails = '{}', email = 'other@example.com' WHERE id = $1`, [person.id])
  const [row] = await database.asOwner(`SELECT known_emails FROM people WHERE id = $1`, [person.id])
  expect(row?.known_emails).toEqual(['eve@example.com', 'other@example.com'])
})
