import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { endpoints } from '#lib/api/endpoints'
import { maxAuditBytes } from '#lib/api/read-input'
import type { CallFilter } from '#lib/core/access/activity-resource'
import type { PersonActor } from '#lib/core/access/actor'
import { userName } from '#lib/core/grants/names'
import { saveAuditEvents } from '#lib/operations/save-audit-events'
import { activitySummary } from '#lib/views/activity-summary'
import { grantActivity } from '#lib/views/grant-activity'
import { listActivity } from '#lib/views/list-activity'
import { anAuditEvent, anEventList, microTime, userOfGrant } from '#testing/audit-events'
import { testBench } from '#testing/bench'
import { callRoute, expectProblem, expectSuccess } from '#testing/call-route'
import { aConfiguration } from '#testing/configuration'
import { eventsWhere } from '#testing/events'
import { aPerson, aSystemActor, asActor } from '#testing/people'
import { aGrant, recordEnd } from '#testing/requests'
import * as auditRoute from './clusters/[cluster]/audit/route.ts'

const directory = mkdtempSync(join(tmpdir(), 'postern-audit-'))
const tokenFile = join(directory, 'token')
const [token, otherToken] = [0, 1].map(() => randomBytes(32).toString('base64url'))
afterAll(() => rmSync(directory, { recursive: true }))
beforeEach(() => writeFileSync(tokenFile, `${token}\n`))

const company = aConfiguration()
const { database } = await testBench({
  configuration: aConfiguration({
    clusters: [
      ...company.clusters.map((cluster) => ({ ...cluster, audit: { tokenFile } })),
      { ...company.clusters[0], name: 'silent' },
    ],
  }),
})

const send = (body: unknown, options: { token?: string | undefined; cluster?: string; query?: string } = {}) => {
  const { cluster = 'prod-eu', query = '?timeout=30s' } = options
  return callRoute(auditRoute, {
    ...{ method: 'POST', path: `/api/v1/clusters/${cluster}/audit${query}`, params: { cluster }, body },
    token: 'token' in options ? options.token : token,
  })
}

/** An active grant and a token that was issued under it. */
async function aUsedGrant(status: 'active' | 'ended' = 'active') {
  const holder = await aPerson()
  const grant = await aGrant({ holder, status })
  const jti = newId('event')
  await db().credential.create({
    data: {
      ...{ id: newId('credential'), grantId: grant.id, personId: holder.id, jti },
      ...{ issuedAt: new Date(), expiresAt: new Date(Date.now() + 600_000) },
    },
  })
  return { holder, id: grant.id, jti, user: userOfGrant(grant.id, jti) }
}

const callsOf = (id: string) => db().activity.count({ where: { source: { grantId: id } } })
const suspicious = (grantId: string) => eventsWhere({ grantId, type: 'activity.suspicious' })

describe('who may send', () => {
  test.each([
    ['no token', { token: undefined }],
    ['a wrong token', { token: 'x'.repeat(43) }],
    ['the begin of the token', { token: token?.slice(0, -1) }],
    ['a cluster that is not configured', { cluster: 'nowhere' }],
    ['a cluster without a token', { cluster: 'silent' }],
  ])('is refused, and stores nothing: %s', async (_, options) => {
    const { id, user } = await aUsedGrant()
    const response = await send(anEventList(anAuditEvent({ user })), options)
    expectProblem(response, 401, 'unauthenticated')
    expect(response.body.detail).toBe((await send({}, { token: undefined })).body.detail)
    expect(await callsOf(id)).toBe(0)
  })

  test('an empty, short or missing token file refuses everyone', async () => {
    writeFileSync(tokenFile, '\n\nshort\n')
    for (const attempt of ['', 'short', token])
      expectProblem(await send({}, { token: attempt }), 401, 'unauthenticated')
    rmSync(tokenFile)
    expectProblem(await send(anEventList()), 401, 'unauthenticated')
  })

  test('during a rotation each line of the file is a token, without a restart', async () => {
    writeFileSync(tokenFile, `${token}\n${otherToken}\n`)
    for (const one of [token, otherToken])
      expectSuccess(await send(anEventList(), { token: one }), endpoints.receiveAuditEvents)
    writeFileSync(tokenFile, `${otherToken}\n`)
    expectProblem(await send(anEventList()), 401, 'unauthenticated')
  })
})

describe('a batch', () => {
  test('is stored when the response arrives, and each call is tied to its grant and token', async () => {
    const { id, holder, jti, user } = await aUsedGrant()
    const response = await send(anEventList(anAuditEvent({ user }), anAuditEvent()))
    expectSuccess(response, endpoints.receiveAuditEvents)
    const [keptFrom, keptTo] = [expect.any(String), expect.any(String)]
    expect(response.body).toEqual({ kept: 1, counted: 1, duplicates: 0, rejected: 0, keptFrom, keptTo })
    const activity = await grantActivity(asActor(holder), id)
    expect(activity).toMatchObject({ count: 1, refused: 0, sources: [{ credentialId: jti, isIssued: true, count: 1 }] })
    expect(await suspicious(id)).toEqual([])
  })

  test('that is sent again adds nothing, also when both arrive at once or in one batch', async () => {
    const { id, user } = await aUsedGrant()
    const list = anEventList(anAuditEvent({ user }), anAuditEvent({ user, verb: 'watch', stage: 'ResponseStarted' }))
    const answers = await Promise.all([send(list), send(list), send(list)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(answers.map(({ body }) => body.kept).sort()).toEqual([0, 0, 2])
    expect((await send(anEventList(...list.items, ...list.items))).body).toMatchObject({ kept: 0, duplicates: 4 })
    expect(await callsOf(id)).toBe(2)
  })

  test('with hostile events keeps every readable one, and the reason of every other', async () => {
    const { id, user } = await aUsedGrant()
    const deep = JSON.parse(`${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`)
    const hostile = [null, 7, 'x', [], {}, { auditID: 'x' }, anAuditEvent({ user, stage: 'Never' }), { user: deep }]
    const rbac = { apiGroup: 'rbac.authorization.k8s.io', resource: 'roles', namespace: 'payments', name: 'x' }
    hostile.push(anAuditEvent({ verb: 'create', objectRef: rbac, responseObject: 'deepest' }))
    // No program of ours could write it.
    const deepest = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`
    const strange = [
      anAuditEvent({
        user,
        auditID: 'a\0b',
        userAgent: '\ud800\0',
        objectRef: { resource: "'; DROP TABLE activity; --", name: '\0' },
      }),
      anAuditEvent({ user, requestURI: `/${'x'.repeat(50_000)}`, verb: '__proto__', userAgent: 'x'.repeat(50_000) }),
      anAuditEvent({ user, annotations: { constructor: 'x' }, requestObject: deep, responseObject: deep }),
    ]
    const before = await db().activityRejection.count()
    const list = JSON.stringify(anEventList(...hostile, ...strange)).replace('"deepest"', deepest)
    const { status, body } = await send(list)
    expect([status, body]).toMatchObject([200, { kept: 3, counted: 0, duplicates: 0, rejected: 9 }])
    expect(await callsOf(id)).toBe(3)
    expect(await db().activityRejection.count()).toBe(before + 9)
    const [rejection] = await db().activityRejection.findMany({
      where: { readable: { path: ['stage'], equals: 'Never' } },
    })
    expect(rejection).toMatchObject({ cluster: 'prod-eu', readable: { stage: 'Never', verb: 'list' } })
  })

  test.each([
    ['not JSON', '{'],
    ['a list', '[]'],
    ['no list of events', { kind: 'EventList', items: {} }],
  ])('that is no list of events is refused: %s', async (_, body) => {
    expectProblem(await send(body), 400, 'malformed')
  })

  test('may be much longer than other calls, up to its own limit', async () => {
    const { id, user } = await aUsedGrant()
    const padding = 'x'.repeat(4_000)
    const list = anEventList(...Array.from({ length: 600 }, () => anAuditEvent({ user, annotations: { padding } })))
    expect((await send(list)).body).toMatchObject({ kept: 600 })
    expect(await callsOf(id)).toBe(600)
    expectProblem(await send({ items: ['x'.repeat(maxAuditBytes)] }), 413, 'too-large')
  })

  test('is counted by hour and outcome, and says since when and until when the cluster sends events', async () => {
    const cluster = `counted-${randomBytes(3).toString('hex')}`
    const events = [anAuditEvent(), anAuditEvent({ requestReceivedTimestamp: '2026-01-02T03:04:05.678901Z' }), {}]
    await saveAuditEvents(aSystemActor('activity'), cluster, events)
    const counts = await db().activityCount.findMany({ where: { cluster }, orderBy: { outcome: 'asc' } })
    expect(counts.map(({ outcome, count }) => [outcome, Number(count)])).toEqual([
      ['counted', 2],
      ['rejected', 1],
    ])
    const feed = await db().activityFeed.findUniqueOrThrow({ where: { cluster } })
    expect(feed.firstAt.toISOString()).toBe('2026-01-02T03:04:05.678Z')
    expect(feed.newestAt.getTime()).toBeGreaterThan(feed.firstAt.getTime())
    await saveAuditEvents(aSystemActor('activity'), cluster, [
      anAuditEvent({ requestReceivedTimestamp: '2099-01-01T00:00:00Z' }),
    ])
    const { newestAt, receivedAt } = await db().activityFeed.findUniqueOrThrow({ where: { cluster } })
    expect(newestAt.getTime()).toBeLessThanOrEqual(receivedAt.getTime())
  })
})

describe('a call that the holder cannot have made', () => {
  test('with a token that Postern never issued is one event in the history, whatever the number of calls', async () => {
    const { id, holder, jti } = await aUsedGrant()
    const stolen = userOfGrant(id, 'minted-elsewhere')
    await send(anEventList(...Array.from({ length: 5 }, () => anAuditEvent({ user: stolen }))))
    await Promise.all([1, 2].map(() => send(anEventList(anAuditEvent({ user: stolen })))))
    const events = await suspicious(id)
    expect(events).toMatchObject([
      {
        ...{ actorName: 'activity', aboutId: holder.id, cluster: 'prod-eu' },
        data: { suspicion: 'not-issued', severity: 'high', credentialId: 'minted-elsewhere', address: '192.0.2.30' },
      },
    ])
    const { sources } = await grantActivity(asActor(holder), id)
    expect(sources.map(({ credentialId, isIssued }) => [credentialId, isIssued])).toEqual([['minted-elsewhere', false]])
    expect(jti).not.toBe('minted-elsewhere')
  })

  test('with the token of another grant is a token that was not issued under this one', async () => {
    const [one, other] = [await aUsedGrant(), await aUsedGrant()]
    await send(anEventList(anAuditEvent({ user: userOfGrant(one.id, other.jti) })))
    expect(await suspicious(one.id)).toMatchObject([{ data: { suspicion: 'not-issued' } }])
  })

  test('after the end of the grant is an event, and one shortly before it is none', async () => {
    const { id, holder, user } = await aUsedGrant('ended')
    await send(anEventList(anAuditEvent({ user, requestReceivedTimestamp: microTime(new Date(Date.now() - 60_000)) })))
    expect(await suspicious(id)).toEqual([])
    await send(anEventList(anAuditEvent({ user, requestReceivedTimestamp: microTime(new Date(Date.now() + 60_000)) })))
    expect(await suspicious(id)).toMatchObject([{ data: { suspicion: 'after-end' } }])
    expect(await grantActivity(asActor(holder), id)).toMatchObject({ count: 2, afterEnd: 1 })
  })

  test('is recorded also behind a crowd of calls that are recorded already', async () => {
    const { id } = await aUsedGrant()
    const crowd = (round: number) =>
      Array.from({ length: 20 }, (_, n) =>
        anAuditEvent({ user: userOfGrant(id, `a-${String(n).padStart(2, '0')}`), auditID: `${round} ${n}` }),
      )
    await send(anEventList(...crowd(1)))
    expect(await suspicious(id)).toHaveLength(20)
    await send(anEventList(...crowd(2), anAuditEvent({ user: userOfGrant(id, 'b') })))
    expect(
      (await suspicious(id)).filter(({ data }) => (data as { credentialId: string }).credentialId === 'b'),
    ).toHaveLength(1)
  })

  test('by someone who impersonates the account of the grant names that account', async () => {
    const { id } = await aUsedGrant()
    const impersonatedUser = userOfGrant(id, null)
    await send(anEventList(anAuditEvent({ user: { username: 'mallory', groups: [] }, impersonatedUser })))
    expect(await suspicious(id)).toMatchObject([{ data: { suspicion: 'impersonated', account: 'mallory' } }])
  })

  test('of the account of a grant that this Postern does not have is kept, and belongs to no grant', async () => {
    const id = newId('grant')
    expect((await send(anEventList(anAuditEvent({ user: userOfGrant(id, 'x') })))).body).toMatchObject({ kept: 1 })
    expect(await callsOf(id)).toBe(0)
    expect(await suspicious(id)).toEqual([])
  })
})

test('a call that lasts has a begin and an end, in either order, and outlives its grant if it ended later', async () => {
  const { id, holder, user } = await aUsedGrant()
  const watch = anAuditEvent({ user, verb: 'watch', requestURI: '/api/v1/pods?watch=true' })
  const exec = anAuditEvent({
    ...{ user, verb: 'create', requestURI: '/api/v1/namespaces/payments/pods/api/exec?command=sh' },
    ...{ objectRef: { resource: 'pods', subresource: 'exec', namespace: 'payments', name: 'api' } },
    responseStatus: { code: 101 },
  })
  await send(anEventList({ ...watch, stage: 'ResponseStarted' }, { ...exec, stage: 'ResponseStarted' }))
  expect(await grantActivity(asActor(holder), id)).toMatchObject({
    count: 2,
    lasting: expect.arrayContaining([expect.objectContaining({ query: 'command=sh', endedAt: null, outlived: false })]),
  })
  await database.asOwner(
    `UPDATE grants SET status = 'ending', ending_at = now(), ended_by = 'release', next_attempt_at = now() WHERE id = $1`,
    [id],
  )
  await recordEnd(id)
  const later = microTime(new Date(Date.now() + 3_600_000))
  await send(anEventList({ ...watch, stageTimestamp: microTime() }, { ...exec, stageTimestamp: later }))
  const activity = await grantActivity(asActor(holder), id)
  expect(activity.count).toBe(2)
  expect(activity.lasting.map(({ verb, outlived }) => [verb, outlived]).sort()).toEqual([
    ['create', true],
    ['watch', expect.any(Boolean)],
  ])
})

describe('what was done with a grant', () => {
  test('groups equal calls, and tells refusals, secrets and created objects apart', async () => {
    const { id, holder, user } = await aUsedGrant()
    const secret = { resource: 'secrets', namespace: 'payments', name: 'key' }
    const pod = { resource: 'pods', namespace: 'payments', name: 'debug' }
    await send(
      anEventList(
        ...Array.from({ length: 3 }, () => anAuditEvent({ user })),
        anAuditEvent({ user, verb: 'get', objectRef: secret }),
        anAuditEvent({ user, verb: 'get', objectRef: secret, responseStatus: { code: 403 } }),
        anAuditEvent({ user, verb: 'create', objectRef: pod, responseStatus: { code: 201 } }),
        anAuditEvent({ user, verb: 'create', objectRef: { ...pod, name: 'gone' }, responseStatus: { code: 201 } }),
        anAuditEvent({ user, verb: 'patch', objectRef: { ...pod, name: 'applied' }, responseStatus: { code: 201 } }),
        anAuditEvent({ user, verb: 'patch', objectRef: { ...pod, name: 'changed' }, responseStatus: { code: 200 } }),
        anAuditEvent({ user, verb: 'create', objectRef: { ...pod, name: '' }, responseStatus: { code: 201 } }),
        anAuditEvent({
          ...{ user, verb: 'delete', objectRef: { ...pod, name: 'gone' }, responseStatus: { code: 200 } },
          requestReceivedTimestamp: microTime(new Date(Date.now() + 1_000)),
        }),
      ),
    )
    const activity = await grantActivity(asActor(holder), id)
    expect(endpoints.getGrantActivity.answer.safeParse(activity).error).toBeUndefined()
    expect(activity).toMatchObject({
      count: 11,
      refused: 1,
      secrets: 1,
      groups: [{ verb: 'list', count: 3 }, {}, {}, {}, {}, {}, {}, {}, {}],
    })
    expect(activity.created.map(({ name }) => name).sort()).toEqual(['', 'applied', 'debug'])
  })

  test('with 100,000 calls is read by the sources of the grant, and is still one group', async () => {
    const { id, holder, user } = await aUsedGrant()
    await send(anEventList(anAuditEvent({ user })))
    await database.asOwner(
      `INSERT INTO activity (source_id, call, is_start, audit_id, kind, at, ended_at, code, verb, api_group, resource, subresource,
        namespace, name, path) SELECT source_id, gen_random_uuid(), false, audit_id, kind, at + n * interval '1 ms', ended_at, code,
        verb, api_group, resource, subresource, namespace, name, path FROM activity CROSS JOIN generate_series(1, 99999) AS n
        WHERE source_id = (SELECT id FROM activity_sources WHERE grant_id = $1)`,
      [id],
    )
    const activity = await grantActivity(asActor(holder), id)
    expect(activity).toMatchObject({ count: 100_000, groups: [{ verb: 'list', count: 100_000 }] })
  })

  test('says what is left out, and shows a foreign token also behind a crowd of names of programs', async () => {
    const { id, holder, user } = await aUsedGrant()
    const crowd = Array.from({ length: 60 }, (_, n) => `program ${n}`).flatMap((userAgent, n) => [
      ...[1, 2].map(() => anAuditEvent({ user, userAgent })),
      anAuditEvent({ user, userAgent, verb: 'watch', stage: 'ResponseStarted' }),
      anAuditEvent({
        ...{ user, userAgent, verb: 'create', responseStatus: { code: 201 } },
        objectRef: { resource: 'pods', namespace: 'payments', name: `pod-${n}` },
      }),
    ])
    await send(anEventList(...crowd, anAuditEvent({ user: userOfGrant(id, 'minted') })))
    const activity = await grantActivity(asActor(holder), id)
    expect(activity).toMatchObject({ count: 241, moreSources: true, moreLasting: true, moreCreated: true })
    expect(activity.sources).toHaveLength(50)
    expect(activity.sources[0]).toMatchObject({ credentialId: 'minted', isIssued: false, count: 1 })
  })

  test('may be read by its holder, auditors and admins; for everyone else it does not exist', async () => {
    const { id, holder } = await aUsedGrant()
    const [other, lead] = [await aPerson(), await aPerson({ groups: ['payments-leads'] })]
    for (const actor of [asActor(holder), asActor(other, ['auditor']), asActor(other, ['admin'])])
      expect(await grantActivity(actor, id)).toMatchObject({ count: 0, firstAt: null, groups: [] })
    for (const actor of [asActor(other), asActor(lead)])
      await expect(grantActivity(actor, id)).rejects.toMatchObject({ code: 'not-found' })
    await expect(grantActivity(asActor(holder), newId('grant'))).rejects.toMatchObject({ code: 'not-found' })
  })
})

test('the application’s role cannot give calls another account or keep them apart from their grant by adding their source before', async () => {
  const { id, holder, user, jti } = await aUsedGrant()
  const event = anAuditEvent({ user: { ...user, username: userName(id) } })
  const values = `'prod-eu', 'system:node:worker-1', NULL, '${jti}', '192.0.2.30', NULL, '${event.userAgent}'`
  const columns = 'cluster, account, impersonated, credential_id, address, forwarded_for, user_agent'
  const key = `activity_source_key(${values.replace('system:node:worker-1', userName(id))})`
  await database.asApp(`INSERT INTO activity_sources (key, grant_id, ${columns}) VALUES (${key}, NULL, ${values})`)
  const own = values.replace('system:node:worker-1', userName(id))
  await database.asApp(
    `INSERT INTO activity_sources (key, grant_id, ${columns}) VALUES (gen_random_uuid(), NULL, ${own})`,
  )
  await send(anEventList(event))
  expect(await grantActivity(asActor(holder), id)).toMatchObject({ count: 1, sources: [{ account: userName(id) }] })
})

test('the application’s role cannot change or remove a call or its source', async () => {
  const { user } = await aUsedGrant()
  await send(anEventList(anAuditEvent({ user })))
  for (const table of ['activity', 'activity_sources'])
    for (const statement of [`UPDATE ${table} SET id = 0`, `DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`]) {
      await expect(database.asApp(statement), statement).rejects.toMatchObject({ code: '42501' })
      await expect(database.asOwner(statement), statement).rejects.toMatchObject({ code: '42501' })
    }
})

describe('the list of calls', () => {
  const list = async (actor: PersonActor, filter: CallFilter & { cursor?: string; limit?: number } = {}) => {
    const page = await listActivity(actor, filter)
    expect(endpoints.listActivity.answer.safeParse(page).error?.issues ?? []).toEqual([])
    return page
  }

  test('has everything for auditors and admins, and for everyone else the calls of their own grants', async () => {
    const [one, other] = [await aUsedGrant(), await aUsedGrant()]
    await send(anEventList(anAuditEvent({ user: one.user }), anAuditEvent({ user: other.user })))
    const grantsOf = async (actor: PersonActor) => new Set((await list(actor)).items.map(({ grantId }) => grantId))
    expect(await grantsOf(asActor(one.holder))).toEqual(new Set([one.id]))
    expect(await grantsOf(asActor(await aPerson({ groups: ['payments-leads'] })))).toEqual(new Set())
    for (const role of ['auditor', 'admin'] as const)
      expect([...(await grantsOf(asActor(await aPerson(), [role])))]).toEqual(
        expect.arrayContaining([one.id, other.id]),
      )
    expect((await list(asActor(one.holder), { grant: other.id })).items).toEqual([])
  })

  test('is paged without gaps or repeats while calls arrive, and shows a call that lasts once', async () => {
    const { id, holder, user } = await aUsedGrant()
    const watch = anAuditEvent({ user, verb: 'watch' })
    await send(
      anEventList({ ...watch, stage: 'ResponseStarted' }, ...Array.from({ length: 4 }, () => anAuditEvent({ user }))),
    )
    const actor = asActor(holder)
    const first = await list(actor, { grant: id, limit: 2 })
    await send(anEventList(anAuditEvent({ user }), watch))
    const ids = first.items.map((call) => call.id)
    for (let cursor = first.nextCursor; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof list>> = await list(actor, { grant: id, limit: 2, cursor })
      ids.push(...page.items.map((call) => call.id))
      cursor = page.nextCursor
    }
    expect(new Set(ids).size).toBe(ids.length)
    const all = (await list(actor, { grant: id })).items
    expect(all).toHaveLength(6)
    expect(all.filter(({ verb }) => verb === 'watch').map(({ endedAt }) => endedAt)).toEqual([expect.any(String)])
  })

  test('is filtered by each field, exactly as the groups of a grant count', async () => {
    const { id, holder, user } = await aUsedGrant()
    const pod = { resource: 'pods', namespace: 'payments', name: 'api' }
    await send(
      anEventList(
        anAuditEvent({ user }),
        anAuditEvent({ user, verb: 'get', objectRef: pod }),
        anAuditEvent({ user, verb: 'get', objectRef: { ...pod, subresource: 'log' } }),
        anAuditEvent({ user, verb: 'get', objectRef: pod, responseStatus: { code: 403 } }),
      ),
    )
    const { groups } = await grantActivity(asActor(holder), id)
    expect(groups).toHaveLength(4)
    for (const { verb, resource, subresource, namespace, name, code, count } of groups) {
      const filter = { grant: id, verb, resource, subresource, namespace, name, ...(code === null ? {} : { code }) }
      expect((await list(asActor(holder), filter)).items).toHaveLength(count)
    }
    const count = async (filter: CallFilter) => (await list(asActor(holder), { grant: id, ...filter })).items.length
    expect(await count({ refused: 'yes' })).toBe(1)
    expect(await count({ from: '0000-01-01T00:00:00Z', to: '2020-01-01T00:00:00Z' })).toBe(0)
    expect(await count({ account: 'a\0b' })).toBe(0)
    expect(await count({ address: '192.0.2.30', cluster: 'prod-eu', kind: 'grant' })).toBe(4)
  })
})

test('the summary of a time counts by account, and tells changes that Postern did not make', async () => {
  const auditor = asActor(await aPerson(), ['auditor'])
  await database.asOwner(`UPDATE cluster_states SET own_account = 'postern-itself' WHERE name = 'prod-eu'`)
  const binding = { apiGroup: 'rbac.authorization.k8s.io', resource: 'rolebindings', namespace: 'payments', name: 'x' }
  const change = {
    verb: 'create',
    objectRef: binding,
    responseStatus: { code: 201 },
    responseObject: { kind: 'RoleBinding' },
  }
  const by = (username: string, overrides = {}) => anAuditEvent({ user: { username }, ...change, ...overrides })
  const from = '2031-01-01T00:00:00Z'
  const later = {
    requestReceivedTimestamp: '2031-01-02T00:00:00.000000Z',
    stageTimestamp: '2031-01-02T00:00:01.000000Z',
  }
  await send(
    anEventList(by('postern-itself', later), by('mallory', later), by('mallory', { ...later, verb: 'delete' })),
  )
  const summary = await activitySummary(auditor, { cluster: 'prod-eu', from })
  expect(summary.accounts).toMatchObject([
    { account: 'mallory', count: 2 },
    { account: 'postern-itself', count: 1 },
  ])
  expect(summary.rbac.map(({ account, isByPostern, body }) => [account, isByPostern, body]).sort()).toEqual([
    ...[
      ['mallory', false, { kind: 'RoleBinding' }],
      ['mallory', false, { kind: 'RoleBinding' }],
    ],
    ['postern-itself', true, { kind: 'RoleBinding' }],
  ])
  expect(summary.feeds).toContainEqual(expect.objectContaining({ cluster: 'prod-eu' }))
  await expect(activitySummary(asActor(await aPerson()), {})).rejects.toMatchObject({ code: 'not-found' })
})
