import { expect, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { inboxCount } from '#lib/views/inbox-count'
import { testBench } from '#testing/bench'
import { decide } from '#testing/decisions'
import { anActor, companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aSubmission } from '#testing/requests'
import { submitRequest } from './submit-request.ts'
import { withdrawRequest } from './withdraw-request.ts'

// Promise 2 against one person with two accounts at the identity provider: one that may request, one that may approve.

const { database } = await testBench()
const { priya } = await companyActors('priya')

let count = 0
/** Two accounts of one person, as they first signed in. */
async function twoAccounts(email: string, secondEmail = email) {
  count += 1
  const requesting = { subject: `requests-${count}`, groups: ['payments-dev'] }
  const deciding = { subject: `decides-${count}`, groups: ['payments-leads'] }
  return {
    ...{ requesting, deciding },
    requester: await anActor({ ...requesting, email }),
    decider: await anActor({ ...deciding, email: secondEmail }),
  }
}

const submit = (actor: PersonActor) => submitRequest(actor, aSubmission({ durationSeconds: 600 }))

/** The person can neither decide their request nor find it in their inbox. */
async function expectNotTheirs(decider: PersonActor, request: { id: string; digest: string }) {
  const message = expect.stringMatching(/your own request/)
  expect(await rejectionOf(decide(decider, request))).toMatchObject({ code: 'forbidden', message })
  expect(await inboxCount(decider), 'it is not in their inbox').toBe((await inboxCount(priya)) - 1)
  await decide(priya, request, { decision: 'deny' })
}

test('no one decides their own request after the e-mail of the requesting account has changed', async () => {
  const { requesting, requester, decider } = await twoAccounts('ada@example.com')
  const request = await submit(requester)
  await anActor({ ...requesting, email: 'someone.else@example.com' })
  await expectNotTheirs(decider, request)
})

test('no one decides their own request after the e-mail of the deciding account has changed', async () => {
  const { deciding, requester } = await twoAccounts('bea@example.com')
  const request = await submit(requester)
  await expectNotTheirs(await anActor({ ...deciding, email: 'new@example.com' }), request)
})

test('no one decides their own request after a sign-in without an e-mail or with an unverified one', async () => {
  const { requesting, deciding, requester, decider } = await twoAccounts('cyd@example.com')
  await expectNotTheirs(await anActor({ ...deciding, email: null, emailVerified: false }), await submit(requester))
  await expectNotTheirs(await anActor({ ...deciding, emailVerified: false }), await submit(requester))
  const nameless = await anActor({ ...requesting, email: null, emailVerified: false })
  await expectNotTheirs(decider, await submit(nameless))
})

test('no one decides their own request by another spelling of the same mailbox', async () => {
  for (const spelling of ['DEE@example.COM', 'dee+lead@example.com', 'dee@EXAMPLE。com', 'dee@ｅｘａｍｐｌｅ.com']) {
    const { requester, decider } = await twoAccounts('dee@example.com', spelling)
    await expectNotTheirs(decider, await submit(requester))
    const swapped = await twoAccounts(spelling, 'dee@example.com')
    await expectNotTheirs(swapped.decider, await submit(swapped.requester))
  }
})

test('no one decides the request of an account whose address has an unusual spelling, and such an account decides none', async () => {
  const unusual = [
    'ｄｅｅ@example.com',
    ' dee@example.com\u00a0',
    '"dee"@example.com',
    'dee(lead)@example.com',
    'dee@example.com.',
  ]
  for (const spelling of unusual) {
    const { requester, decider } = await twoAccounts('dee@example.com', spelling)
    await expectNotTheirs(decider, await submit(requester))
    const swapped = await twoAccounts(spelling, 'dee@example.com')
    const request = await submit(swapped.requester)
    for (const person of [swapped.decider, priya]) {
      expect(await rejectionOf(decide(person, request)), spelling).toMatchObject({
        ...{ code: 'forbidden', message: expect.stringMatching(/your own request/) },
      })
      expect(await inboxCount(person), spelling).toBe(0)
    }
    await withdrawRequest(swapped.requester, request.id)
  }
})

test('an address that an intruder adds to an account in the database does not let it decide, not even after it signs in', async () => {
  const { deciding, requester } = await twoAccounts('fay@example.com')
  const unverified = { ...deciding, email: 'fay.two@example.com', emailVerified: false }
  const { person } = await anActor(unverified)
  await database.asApp(`UPDATE people SET known_emails = known_emails || '{fay.two@example.com}' WHERE id = $1`, [
    person.id,
  ])
  const request = await submit(requester)
  await expectNotTheirs(await anActor(unverified), request)
})

test('a verified e-mail address is remembered for ever: not even the application’s role can remove it', async () => {
  const { person } = await anActor({ email: 'eve@example.com' })
  await database.asApp(`UPDATE people SET known_emails = '{}', email = 'other@example.com' WHERE id = $1`, [person.id])
  const [row] = await database.asOwner(`SELECT known_emails FROM people WHERE id = $1`, [person.id])
  expect(row?.known_emails).toEqual(['eve@example.com', 'other@example.com'])
})
