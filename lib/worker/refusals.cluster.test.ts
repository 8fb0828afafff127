import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { objectName } from '#lib/core/grants/names'
import { releaseGrant } from '#lib/operations/release-grant'
import { anEntitlement } from '#testing/configuration'
import { anApprovedRequest, grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { asActor, isNowIn } from '#testing/people'
import { aGrant, aRequest } from '#testing/requests'
import { testWorker } from '#testing/worker'

const stage = await testWorker()
beforeAll(stage.start)
afterEach(stage.start)
afterAll(stage.end)

const eventsOf = async (grantId: string) =>
  (await db().auditEvent.findMany({ where: { grantId }, orderBy: { seq: 'asc' } })).map(({ type }) => type)

describe('what cannot be made ends, and says why', () => {
  it('a namespace that is gone', async () => {
    const { request } = await anApprovedRequest({ namespaces: ['checkout-gone'] })
    const ended = await grantReaches((await aGrant({ request })).id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'failure', endNote: expect.stringContaining('checkout-gone') })
    expect(ended.lastError).toBe(ended.endNote)
    expect(await eventsOf(ended.id)).toEqual(expect.arrayContaining(['grant.failed', 'grant.ending', 'grant.ended']))
  })

  it('a namespace that was not opened to Postern: what was made elsewhere is taken back', async () => {
    const namespace = `checkout-${randomBytes(4).toString('hex')}`
    await kubectl(['create', 'namespace', namespace])
    const { request } = await anApprovedRequest({ namespaces: ['payments', namespace] })
    const ended = await grantReaches((await aGrant({ request })).id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'failure', endNote: expect.stringMatching(/403.*forbidden/i) })
    expect(await objectsInCluster(ended.id)).toEqual([])
    await kubectl(['delete', 'namespace', namespace, '--wait=false'])
  })

  it('something of that name that is not ours is neither adopted nor removed', async () => {
    const { request } = await anApprovedRequest()
    await stage.stop()
    const grant = await aGrant({ request })
    const name = objectName(grant.id)
    await kubectl(['create', 'role', name, '-n', 'payments', '--verb=get', '--resource=pods'])
    stage.start()
    const ended = await grantReaches(grant.id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'failure', endNote: expect.stringContaining('there already') })
    expect(await kubectl(['get', 'role', name, '-n', 'payments', '-o', 'name'])).toContain(name)
    await kubectl(['delete', 'role', name, '-n', 'payments'])
  })

  it('a requester who lost the group that made them eligible', async () => {
    const { holder, request } = await anApprovedRequest()
    await isNowIn(holder, [])
    const ended = await grantReaches((await aGrant({ request })).id, 'ended')
    expect(ended.endedBy).toBe('ineligible')
    expect(await objectsInCluster(ended.id)).toEqual([])
    expect(await eventsOf(ended.id)).not.toContain('grant.object-created')
  })

  it('an approver who lost the group that made them one', async () => {
    const { lead, request } = await anApprovedRequest()
    await isNowIn(lead, ['payments-dev'])
    const ended = await grantReaches((await aGrant({ request })).id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'ineligible', endNote: expect.stringContaining('no longer allowed to approve') })
  })

  it('promise 3: terms on record that are not what was approved', async () => {
    const { request } = await anApprovedRequest()
    await stage.database.asOwner('ALTER TABLE requests DISABLE TRIGGER requests_guard')
    const wider = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]
    await db().request.update({ where: { id: request.id }, data: { rules: wider } })
    await stage.database.asOwner('ALTER TABLE requests ENABLE TRIGGER requests_guard')
    const ended = await grantReaches((await aGrant({ request })).id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'ineligible', endNote: expect.stringContaining('not the one that was approved') })
    expect(await objectsInCluster(ended.id)).toEqual([])
  })
})

describe('a cluster that cannot be reached', () => {
  it('is tried again, says so, holds up nobody else, and access that was never begun can still be given back', async () => {
    const entitlement = anEntitlement({ name: 'away-restart', clusters: ['away'] })
    const { holder, request } = await anApprovedRequest({ entitlement, cluster: 'away' })
    const grant = await aGrant({ request })
    const near = await aGrant({ request: (await anApprovedRequest()).request })
    await grantReaches(near.id, 'active')
    await expect.poll(async () => (await grantRow(grant.id)).attempts, { timeout: 15_000 }).toBeGreaterThan(1)
    expect(await grantRow(grant.id)).toMatchObject({ status: 'pending', lastError: expect.stringContaining('away') })
    await expect
      .poll(async () => db().clusterState.findUnique({ where: { name: 'away' } }), { timeout: 15_000 })
      .toMatchObject({ reachable: false, error: expect.stringContaining('ENOENT') })
    await releaseGrant(asActor(holder), grant.id)
    expect((await grantRow(grant.id)).status).toBe('ending')
  })
})

describe('what the worker sees', () => {
  it('is written down for the pages: version, namespaces, vetted roles, and what Postern may do where', async () => {
    await expect
      .poll(async () => db().clusterState.findUnique({ where: { name: 'prod-eu' } }), { timeout: 10_000 })
      .toMatchObject({ reachable: true, version: expect.stringMatching(/^v1\./), error: null })
    const state = await db().clusterState.findUniqueOrThrow({ where: { name: 'prod-eu' } })
    expect(Object.keys(state.clusterRoles as object)).toEqual(['view'])
    const permissions = state.permissions as Array<{ what: string; namespace: string; allowed: boolean }>
    const inPayments = permissions.filter(({ namespace }) => namespace === 'payments')
    expect(inPayments.length).toBeGreaterThan(5)
    expect(permissions.filter(({ namespace, allowed }) => namespace === 'payments' && !allowed)).toEqual([])
    expect(permissions.filter(({ namespace, allowed }) => namespace === '' && !allowed)).toEqual([])
  })

  it('includes that nobody decided in time', async () => {
    const request = await aRequest({ lapsesAt: new Date(Date.now() - 1000) })
    await stage.stop()
    stage.start()
    await expect
      .poll(async () => (await db().request.findUniqueOrThrow({ where: { id: request.id } })).status, {
        timeout: 15_000,
      })
      .toBe('lapsed')
  })
})
