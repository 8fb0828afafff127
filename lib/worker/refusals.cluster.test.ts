import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { objectName } from '#lib/core/grants/names'
import { releaseGrant } from '#lib/operations/release-grant'
import { anEntitlement } from '#testing/configuration'
import { eventTypesWhere } from '#testing/events'
import {
  anActiveGrant,
  anApprovedRequest,
  endedGrantOf,
  grantReaches,
  grantRow,
  objectsInCluster,
} from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { asActor, isNowIn } from '#testing/people'
import { aGrant, aRequest } from '#testing/requests'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

const { database, start, stop } = await workerBench()

describe('a grant that cannot be created ends, and says why', () => {
  test('a grant in a namespace that no longer exists ends as failed', async () => {
    const { request } = await anApprovedRequest({ namespaces: ['checkout-gone'] })
    const ended = await endedGrantOf(request)
    expect(ended).toMatchObject({ endedBy: 'failure', endNote: expect.stringContaining('checkout-gone') })
    expect(ended.lastError).toBe(ended.endNote)
    const types = ['grant.failed', 'grant.ending', 'grant.ended']
    expect(await eventTypesWhere({ grantId: ended.id })).toEqual(expect.arrayContaining(types))
  })

  test('a grant that includes a namespace without Postern’s rights ends as failed, and leaves nothing elsewhere', async () => {
    const namespace = `checkout-${randomBytes(4).toString('hex')}`
    await kubectl(['create', 'namespace', namespace])
    const { request } = await anApprovedRequest({ namespaces: ['payments', namespace] })
    const ended = await endedGrantOf(request)
    expect(ended).toMatchObject({ endedBy: 'failure', endNote: expect.stringMatching(/403.*forbidden/i) })
    expect(await objectsInCluster(ended.id)).toEqual([])
    await kubectl(['delete', 'namespace', namespace, '--wait=false'])
  })

  test('a foreign object with the name of a grant’s object is neither adopted nor deleted', async () => {
    const { request } = await anApprovedRequest()
    await stop()
    const grant = await aGrant({ request })
    const name = objectName(grant.id)
    await kubectl(['create', 'role', name, '-n', 'payments', '--verb=get', '--resource=pods'])
    start()
    const ended = await grantReaches(grant.id, 'ended')
    expect(ended).toMatchObject({
      endedBy: 'failure',
      endNote: expect.stringContaining('already exists and is not an object of this grant'),
    })
    expect(await kubectl(['get', 'role', name, '-n', 'payments', '-o', 'name'])).toContain(name)
    await kubectl(['delete', 'role', name, '-n', 'payments'])
  })

  test('a grant whose requester lost the group that made them eligible is never created', async () => {
    const { holder, request } = await anApprovedRequest()
    await isNowIn(holder, [])
    const ended = await endedGrantOf(request)
    expect(ended.endedBy).toBe('ineligible')
    expect(await objectsInCluster(ended.id)).toEqual([])
    expect(await eventTypesWhere({ grantId: ended.id })).not.toContain('grant.object-created')
  })

  test('a grant whose approver lost the group that made them an approver is never created', async () => {
    const { lead, request } = await anApprovedRequest()
    await isNowIn(lead, ['payments-dev'])
    const endNote = expect.stringContaining('no longer allowed to approve')
    expect(await endedGrantOf(request)).toMatchObject({ endedBy: 'ineligible', endNote })
  })

  test('promise 3: a grant whose stored terms are not the approved ones is never created', async () => {
    const { request } = await anApprovedRequest()
    await database.asOwner('ALTER TABLE requests DISABLE TRIGGER requests_guard')
    const wider = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]
    await db().request.update({ where: { id: request.id }, data: { rules: wider } })
    await database.asOwner('ALTER TABLE requests ENABLE TRIGGER requests_guard')
    const ended = await endedGrantOf(request)
    const endNote = expect.stringContaining('not the one that was approved')
    expect(ended).toMatchObject({ endedBy: 'ineligible', endNote })
    expect(await objectsInCluster(ended.id)).toEqual([])
  })
})

test('a grant in an unreachable cluster is retried, shows why, holds up no other grant, and can be released', async () => {
  const entitlement = anEntitlement({ name: 'away-restart', clusters: ['away'] })
  const { holder, request } = await anApprovedRequest({ entitlement, cluster: 'away' })
  const { id } = await aGrant({ request })
  await anActiveGrant()
  await until('the grant was tried twice', async () => (await grantRow(id)).attempts > 1)
  expect(await grantRow(id)).toMatchObject({ status: 'pending', lastError: expect.stringContaining('away') })
  await expect
    .poll(async () => db().clusterState.findUnique({ where: { name: 'away' } }), { timeout: 60_000 })
    .toMatchObject({ reachable: false, error: expect.stringContaining('ENOENT') })
  await releaseGrant(asActor(holder), id)
  expect((await grantRow(id)).status).toBe('ending')
})

test('the worker stores a cluster’s version, namespaces, vetted roles, and Postern’s own rights in it', async () => {
  await expect
    .poll(async () => db().clusterState.findUnique({ where: { name: 'prod-eu' } }), { timeout: 60_000 })
    .toMatchObject({ reachable: true, version: expect.stringMatching(/^v1\./), error: null })
  const state = await db().clusterState.findUniqueOrThrow({ where: { name: 'prod-eu' } })
  expect(Object.keys(state.clusterRoles as object)).toEqual(['view'])
  const permissions = state.permissions as Array<{ what: string; namespace: string; allowed: boolean }>
  const missingIn = (where: string) => permissions.filter(({ namespace, allowed }) => namespace === where && !allowed)
  expect(permissions.filter(({ namespace }) => namespace === 'payments').length).toBeGreaterThan(5)
  expect([...missingIn('payments'), ...missingIn('')]).toEqual([])
})

test('a worker that starts lets overdue requests lapse', async () => {
  const { id } = await aRequest({ lapsesAt: new Date(Date.now() - 1000) })
  await stop()
  start()
  const status = async () => (await db().request.findUniqueOrThrow({ where: { id } })).status
  await until('the request has lapsed', async () => (await status()) === 'lapsed')
})
