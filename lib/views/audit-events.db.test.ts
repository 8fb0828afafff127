import { describe, expect, test } from 'vitest'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import type { PersonActor } from '#lib/core/access/actor'
import { auditEventResource } from '#lib/core/access/audit-event-resource'
import { pageOf } from '#lib/core/access/page'
import { submitRequest } from '#lib/operations/submit-request'
import { testBench } from '#testing/bench'
import { decide } from '#testing/decisions'
import { allPages } from '#testing/pages'
import { anActor, aSystemActor, companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aRequest, aSubmission } from '#testing/requests'
import { auditHistogram } from './audit-histogram.ts'
import { listAuditEvents } from './list-audit-events.ts'

await testBench()
const { mina, priya, ines, jonas } = await companyActors('mina', 'priya', 'ines', 'jonas')
const request = await submitRequest(mina, aSubmission({ namespaces: ['payments', 'checkout'] }))
await decide(priya, request)

const typesOf = async (actor: PersonActor, filter: Parameters<typeof listAuditEvents>[1] = {}) =>
  (await listAuditEvents(actor, filter)).items.map(({ type }) => type)

const story = ['grant.intent-recorded', 'request.approved', 'decision.made', 'request.submitted']

describe('who may read which events', () => {
  test('an auditor reads every event', async () => {
    expect(await typesOf(ines)).toEqual(story)
  })

  test('a requester reads the events about them, and an approver those they caused', async () => {
    expect(await typesOf(mina)).toEqual(story)
    expect(await typesOf(priya)).toEqual(['request.approved', 'decision.made'])
  })

  test('a person who may see a request reads all of its events', async () => {
    const other = await anActor({ groups: ['payments-leads'] })
    expect(await typesOf(other)).toEqual([])
    expect(await typesOf(other, { request: request.id })).toEqual(story)
  })

  test('only auditors and that person themselves read in an event whom it is about', async () => {
    const about = async (actor: PersonActor) =>
      new Set((await listAuditEvents(actor, { request: request.id })).items.map((event) => event.about?.name ?? null))
    expect(await about(ines)).toEqual(new Set([mina.person.name]))
    expect(await about(mina)).toEqual(new Set([mina.person.name]))
    expect(await about(priya)).toEqual(new Set([null]))
  })

  test('everyone else reads no event, whatever they filter by', async () => {
    const filters = [
      {},
      { request: request.id },
      { cluster: 'prod-eu' },
      { namespace: 'payments' },
      { actor: 'mina@example.com' },
      { text: 'deploy' },
      { entitlement: 'payments-restart' },
      { resource: 'deployments' },
    ]
    for (const filter of filters) {
      expect(await typesOf(jonas, filter)).toEqual([])
      expect(await auditHistogram(jonas, filter)).toEqual([])
    }
  })

  test('a filter by one’s own request does not show the events of another person’s grant', async () => {
    const own = await aRequest({ requester: jonas.person })
    const filter = { request: own.id, grant: 'grt_01m84sqapfffhsd8esctezq3wc' }
    expect(await typesOf(jonas, filter)).toEqual([])
  })

  test('the client address of an event is for auditors and for the person themselves', async () => {
    const addressesFor = async (actor: PersonActor) =>
      (await listAuditEvents(actor, { request: request.id })).items.map(({ clientAddress }) => clientAddress)
    expect(await addressesFor(ines)).toEqual(['192.0.2.7', '192.0.2.7', '192.0.2.7', '192.0.2.7'])
    expect(await addressesFor(mina)).toEqual([null, null, null, '192.0.2.7'])
  })
})

describe('finding events', () => {
  test('an event has the published shape and a sentence', async () => {
    const page = await listAuditEvents(ines, {})
    expect(pageOf(auditEventResource).parse(page)).toEqual(page)
    expect(page.items.map(({ sentence }) => sentence)).toEqual([
      'recorded which objects it will create',
      'gave the last required approval',
      'approved the request',
      'requested payments-restart',
    ])
  })

  test.each([
    ['the e-mail of the actor in any case', { actor: 'MINA@example.com' }, ['request.submitted']],
    ['the name of the actor', { actor: 'mina okafor' }, ['request.submitted']],
    ['a cluster', { cluster: 'prod-eu' }, story],
    ['another cluster', { cluster: 'staging' }, []],
    ['a namespace', { namespace: 'checkout' }, story],
    ['a part of a namespace', { namespace: 'check' }, []],
    ['a type', { type: 'decision.made' }, ['decision.made']],
    ['the entitlement of the request', { entitlement: 'payments-restart' }, story],
    ['another entitlement', { entitlement: 'payments' }, []],
    ['a resource in the rules of the request', { resource: 'deployments' }, story],
    ['another resource', { resource: 'secrets' }, []],
    ['the severity of the risk', { severity: 'low' as const }, []],
    ['another severity', { severity: 'medium' as const }, story],
    ['words of the reason in any case and order', { text: 'DEPLOY hang' }, story],
    ['a word of the rules', { text: 'deployments' }, story],
    ['a word that is in no request', { text: 'deployments elephants' }, []],
    ['the name of the actor as text', { text: 'Priya Raman' }, ['request.approved', 'decision.made']],
    ['text that is an operator of the search', { text: "& | ! <-> ' (:*" }, []],
    ['an unknown type', { type: 'x.y' }, []],
    ['a time before all events', { to: '2020-01-01T00:00:00Z' }, []],
    ['a time after which all events are', { from: '2020-01-01T00:00:00Z' }, story],
    [
      'several fields at once',
      { actor: 'mina okafor', namespace: 'payments', type: 'request.submitted' },
      ['request.submitted'],
    ],
    ['text that is SQL', { actor: "' OR true --" }, []],
    ['text that cannot be stored', { actor: '\0' }, []],
  ])('a filter by %s finds exactly the matching events', async (_, filter, expected) => {
    expect(await typesOf(ines, filter)).toEqual(expected)
  })

  test.each(['', 'yesterday'])('a filter by %j, which is not a time, is refused', async (from) => {
    for (const call of [listAuditEvents(ines, { from }), auditHistogram(ines, { to: from })])
      expect(await rejectionOf(call)).toMatchObject({ code: 'malformed' })
  })

  test('a time before all events or after all events is a valid filter', async () => {
    const [first, last] = ['0000-01-01T00:00:00Z', '+275760-09-13T00:00:00Z']
    expect(await typesOf(ines, { from: first, to: last })).toEqual(story)
    expect(await typesOf(ines, { from: last })).toEqual([])
    expect(await typesOf(ines, { to: first })).toEqual([])
    const bars = await auditHistogram(ines, { from: first, to: last })
    expect(bars.reduce((sum, { count }) => sum + count, 0)).toBe(story.length)
  })

  test('a filter by the id of the actor finds exactly the matching events', async () => {
    expect(await typesOf(ines, { actor: mina.person.id })).toEqual(['request.submitted'])
  })

  test('the pages of the history contain every event once', async () => {
    const events = await allPages((cursor) => listAuditEvents(ines, { limit: 2, cursor }))
    expect(events.map(({ type }) => type)).toEqual(story)
  })

  test('a cursor contains nothing but the id of the last event of its page', async () => {
    const { items, nextCursor } = await listAuditEvents(mina, { limit: 1 })
    expect(nextCursor).toBe(items[0]?.id)
  })

  test.each(['x', '1', 'req_01m84sqapfffhsd8esctezq3wc', '9'.repeat(40)])(
    'a cursor that no page returned is refused: %s',
    async (cursor) => {
      expect(await rejectionOf(listAuditEvents(ines, { cursor }))).toMatchObject({ code: 'malformed' })
    },
  )
})

describe('the histogram', () => {
  test('the histogram has 56 adjacent bars and counts each event once', async () => {
    const parts = await auditHistogram(ines, {})
    expect(parts).toHaveLength(56)
    expect(parts.reduce((sum, { count }) => sum + count, 0)).toBe(story.length)
    for (const [index, part] of parts.entries()) expect(part.from).toBe(parts[index - 1]?.to ?? part.from)
  })

  test('the histogram counts an event in the bar of its time', async () => {
    const day = { from: '2020-01-01T00:00:00Z', to: '2020-01-01T01:00:00Z' }
    expect(await auditHistogram(ines, day)).toEqual([])
    const from = new Date(Date.now() - 3_600_000).toISOString()
    const to = new Date(Date.now() + 3_600_000).toISOString()
    const parts = await auditHistogram(ines, { from, to })
    expect(parts.filter(({ count }) => count > 0)).toMatchObject([{ count: story.length }])
    expect(parts.findIndex(({ count }) => count > 0)).toBeGreaterThanOrEqual(26)
    expect(parts[0]?.from).toBe(from)
    expect(parts.at(-1)?.to).toBe(to)
  })

  test('the histogram of a single event counts that event', async () => {
    const about = { cluster: 'lonely' }
    await transaction((tx) => recordEvent(tx, { type: 'request.lapsed', actor: aSystemActor(), data: {}, about }))
    const parts = await auditHistogram(ines, { cluster: 'lonely' })
    expect(parts.reduce((sum, { count }) => sum + count, 0)).toBe(1)
  })
})

test('the id of an event that is not in the reader’s list reveals nothing as a cursor', async () => {
  const own = await aRequest({ requester: jonas.person })
  const about = { requestId: own.id, personId: jonas.person.id }
  await transaction((tx) => recordEvent(tx, { type: 'request.lapsed', actor: aSystemActor(), data: {}, about }))
  await transaction((tx) => recordEvent(tx, { type: 'request.lapsed', actor: aSystemActor(), data: {}, about: {} }))
  const [hidden] = (await listAuditEvents(ines, { limit: 1 })).items
  for (const filter of [{}, { request: own.id }]) {
    expect(await typesOf(jonas, filter)).toEqual(['request.lapsed'])
    for (const id of [hidden?.id ?? '', 'evt_00000000000000000000000000'])
      expect(await listAuditEvents(jonas, { ...filter, cursor: id })).toEqual({ items: [], nextCursor: null })
  }
})

test('people find events by the words of their own requests, and of no others', async () => {
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]
  const reason = 'the elephant in search is slow'
  await submitRequest(jonas, aSubmission({ entitlement: 'search-debug', namespaces: ['search'], rules, reason }))
  expect(await typesOf(jonas, { text: 'elephant', resource: 'pods' })).toEqual(['request.submitted'])
  expect(await typesOf(ines, { text: 'elephant', resource: 'pods' })).toEqual(['request.submitted'])
  expect(await typesOf(mina, { text: 'elephant' })).toEqual([])
  expect(await typesOf(mina, { text: 'deploy', resource: 'deployments' })).toEqual(story)
})
