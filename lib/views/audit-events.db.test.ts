import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import type { Request } from '#lib/adapters/db/generated/client'
import type { PersonActor } from '#lib/core/access/actor'
import { auditEventResource } from '#lib/core/access/audit-event-resource'
import { pageOf } from '#lib/core/access/page'
import { decideRequest } from '#lib/operations/decide-request'
import { submitRequest } from '#lib/operations/submit-request'
import { testDatabase } from '#testing/database'
import { anActor, aSystemActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { rejectionOf } from '#testing/rejection'
import { aClusterState, aRequest } from '#testing/requests'
import { auditHistogram } from './audit-histogram.ts'
import { listAuditEvents } from './list-audit-events.ts'

const database = await testDatabase()
const policy = await testPolicy()
let mina: PersonActor
let priya: PersonActor
let ines: PersonActor
let jonas: PersonActor
let request: Pick<Request, 'id'>
beforeAll(async () => {
  await aClusterState()
  mina = await anActor({ name: 'Mina Okafor', email: 'mina@example.com' })
  priya = await anActor({ name: 'Priya Raman', groups: ['payments-leads'] })
  ines = await anActor({ groups: ['security-audit'], roles: ['auditor'] })
  jonas = await anActor({ groups: ['search-dev'] })
  const { id, digest } = await submitRequest(mina, {
    entitlement: 'payments-restart',
    cluster: 'prod-eu',
    namespaces: ['payments', 'checkout'],
    reason: 'the checkout pods hang since the last deploy',
    durationSeconds: 1800,
  })
  request = { id }
  await decideRequest(priya, id, { decision: 'approve', digest })
})
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const typesOf = async (actor: PersonActor, filter: Parameters<typeof listAuditEvents>[1] = {}) =>
  (await listAuditEvents(actor, filter)).items.map(({ type }) => type)

const story = ['request.approved', 'decision.made', 'request.submitted']

describe('who reads what', () => {
  test('an auditor reads everything', async () => {
    expect(await typesOf(ines)).toEqual(story)
  })

  test('a requester reads what is about them, an approver what they did', async () => {
    expect(await typesOf(mina)).toEqual(story)
    expect(await typesOf(priya)).toEqual(['request.approved', 'decision.made'])
  })

  test('whoever may see a request reads its whole story', async () => {
    const other = await anActor({ groups: ['payments-leads'] })
    expect(await typesOf(other)).toEqual([])
    expect(await typesOf(other, { request: request.id })).toEqual(story)
  })

  test('anybody else reads nothing, whatever they filter by', async () => {
    const filters = [
      {},
      { request: request.id },
      { cluster: 'prod-eu' },
      { namespace: 'payments' },
      { actor: 'mina@example.com' },
    ]
    for (const filter of filters) {
      expect(await typesOf(jonas, filter)).toEqual([])
      expect(await auditHistogram(jonas, filter)).toEqual([])
    }
  })

  test('a request of one’s own does not open the story of another’s grant', async () => {
    const own = await aRequest({ requester: jonas.person })
    const filter = { request: own.id, grant: 'grt_01m84sqapfffhsd8esctezq3wc' }
    expect(await typesOf(jonas, filter)).toEqual([])
  })

  test('from where colleagues act is for auditors and themselves', async () => {
    const addressesFor = async (actor: PersonActor) =>
      (await listAuditEvents(actor, { request: request.id })).items.map(({ clientAddress }) => clientAddress)
    expect(await addressesFor(ines)).toEqual(['192.0.2.7', '192.0.2.7', '192.0.2.7'])
    expect(await addressesFor(mina)).toEqual([null, null, '192.0.2.7'])
  })
})

describe('finding', () => {
  test('events have the published shape and a sentence', async () => {
    const page = await listAuditEvents(ines, {})
    expect(pageOf(auditEventResource).parse(page)).toEqual(page)
    expect(page.items.map(({ sentence }) => sentence)).toEqual([
      'gave the last required approval',
      'approved the request',
      'requested payments-restart',
    ])
  })

  test.each([
    ['actor by e-mail, in any case', { actor: 'MINA@example.com' }, ['request.submitted']],
    ['actor by name', { actor: 'mina okafor' }, ['request.submitted']],
    ['cluster', { cluster: 'prod-eu' }, story],
    ['another cluster', { cluster: 'staging' }, []],
    ['namespace', { namespace: 'checkout' }, story],
    ['another namespace', { namespace: 'check' }, []],
    ['type', { type: 'decision.made' }, ['decision.made']],
    ['a type that is none', { type: 'x.y' }, []],
    ['a time before', { to: '2020-01-01T00:00:00Z' }, []],
    ['a time since', { from: '2020-01-01T00:00:00Z' }, story],
    [
      'several at once',
      { actor: 'mina okafor', namespace: 'payments', type: 'request.submitted' },
      ['request.submitted'],
    ],
    ['text that is SQL', { actor: "' OR true --" }, []],
    ['text that cannot be stored', { actor: '\0' }, []],
  ])('by %s', async (_, filter, expected) => {
    expect(await typesOf(ines, filter)).toEqual(expected)
  })

  test.each(['', 'yesterday', '+275760-09-13T00:00:00Z', '0001-01-01T00:00:00Z'])(
    'a time that is none is refused: %j',
    async (from) => {
      for (const call of [listAuditEvents(ines, { from }), auditHistogram(ines, { to: from })])
        expect(await rejectionOf(call)).toMatchObject({ code: 'malformed' })
    },
  )

  test('by the id of who acted', async () => {
    expect(await typesOf(ines, { actor: mina.person.id })).toEqual(['request.submitted'])
  })

  test('pages go through everything once', async () => {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await listAuditEvents(ines, { limit: 2, cursor })
      seen.push(...page.items.map(({ type }) => type))
      cursor = page.nextCursor ?? undefined
    } while (cursor)
    expect(seen).toEqual(story)
  })

  test.each(['x', 'LTE', Buffer.from('9'.repeat(40)).toString('base64url')])(
    'a bad cursor is refused: %s',
    async (cursor) => {
      expect(await rejectionOf(listAuditEvents(ines, { cursor }))).toMatchObject({ code: 'malformed' })
    },
  )
})

describe('the histogram', () => {
  test('has at most 56 parts that touch, and counts each event once', async () => {
    const parts = await auditHistogram(ines, {})
    expect(parts).toHaveLength(56)
    expect(parts.reduce((sum, { count }) => sum + count, 0)).toBe(3)
    for (const [index, part] of parts.entries()) expect(part.from).toBe(parts[index - 1]?.to ?? part.from)
  })

  test('puts an event into the part of its time', async () => {
    const day = { from: '2020-01-01T00:00:00Z', to: '2020-01-01T01:00:00Z' }
    expect(await auditHistogram(ines, day)).toEqual([])
    const from = new Date(Date.now() - 3_600_000).toISOString()
    const to = new Date(Date.now() + 3_600_000).toISOString()
    const parts = await auditHistogram(ines, { from, to })
    expect(parts.filter(({ count }) => count > 0)).toMatchObject([{ count: 3 }])
    expect(parts.findIndex(({ count }) => count > 0)).toBeGreaterThanOrEqual(26)
    expect(parts[0]?.from).toBe(from)
    expect(parts.at(-1)?.to).toBe(to)
  })

  test('of a single event is there, too', async () => {
    const about = { cluster: 'lonely' }
    await transaction((tx) => recordEvent(tx, { type: 'request.lapsed', actor: aSystemActor(), data: {}, about }))
    const parts = await auditHistogram(ines, { cluster: 'lonely' })
    expect(parts.reduce((sum, { count }) => sum + count, 0)).toBe(1)
  })
})
