import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { clusterResource } from '#lib/core/access/cluster-resource'
import { entitlementResource } from '#lib/core/access/entitlement-resource'
import { meResource } from '#lib/core/access/me-resource'
import { previewResource } from '#lib/core/access/preview-resource'
import { submitRequest } from '#lib/operations/submit-request'
import { testDatabase } from '#testing/database'
import { anActor, aPerson } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { rejectionOf } from '#testing/rejection'
import { aClusterState, aGrant, aRequest } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { attention } from './attention.ts'
import { getGrant } from './get-grant.ts'
import { listClusters } from './list-clusters.ts'
import { listEntitlements } from './list-entitlements.ts'
import { listGrants } from './list-grants.ts'
import { me } from './me.ts'
import { previewRequest } from './preview-request.ts'

const database = await testDatabase()
const policy = await testPolicy()
beforeEach(() => aClusterState())
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const submission = {
  entitlement: 'payments-restart',
  cluster: 'prod-eu',
  namespaces: ['payments'],
  reason: 'the checkout pods hang since the last deploy',
  durationSeconds: 1800,
}

describe('the preview', () => {
  test('says what submitting would: the same digest, the same steps, the objects; and changes nothing', async () => {
    const actor = await anActor()
    const lead = await aPerson({ groups: ['payments-leads'], name: 'A Lead' })
    const statements = await statementsOf(async () => {
      const preview = await previewRequest(actor, submission)
      expect(previewResource.parse(preview)).toEqual(preview)
      expect(preview.steps[0]?.eligible).toMatchObject([{ id: lead.id }])
      expect(preview.objects.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'Role', 'RoleBinding'])
      expect(preview.manifests).toContain('kind: RoleBinding')
      expect(preview.maxDuration).toBe('PT2H')
    })
    expect(statements.filter((sql) => /INSERT|UPDATE|DELETE/i.test(sql))).toEqual([])
    expect(statements.length).toBeLessThanOrEqual(2)
    const { digest } = await previewRequest(actor, submission)
    expect((await submitRequest(actor, submission)).digest).toBe(digest)
  })

  test('names the same violations as submitting, each at its field', async () => {
    const actor = await anActor()
    const bad = { ...submission, namespaces: ['nowhere'], durationSeconds: 99_999, reason: 'x' }
    const { verdict } = await previewRequest(actor, bad)
    const refused = await rejectionOf(submitRequest(actor, bad))
    expect(verdict.violations.map(({ pointer, sentence }) => ({ pointer, message: sentence }))).toEqual(refused.errors)
    expect(verdict.violations.length).toBeGreaterThan(2)
  })

  test('an entitlement for others reads the same as one that is not there', async () => {
    const jonas = await anActor({ groups: ['search-dev'] })
    const forOthers = await previewRequest(jonas, submission)
    expect(forOthers).toEqual(await previewRequest(jonas, { ...submission, entitlement: 'no-such' }))
    expect(forOthers).toMatchObject({ steps: [], rules: [], objects: [], manifests: '', digest: '' })
    expect(previewResource.parse(forOthers)).toEqual(forOthers)
  })
})

describe('entitlements', () => {
  test('are those that this person may ask for, where they may be asked for', async () => {
    const mine = await listEntitlements(await anActor())
    for (const entitlement of mine) expect(entitlementResource.parse(entitlement)).toEqual(entitlement)
    expect(mine.map(({ name }) => name)).toEqual([
      'payments-restart',
      'payments-logs',
      'payments-secrets',
      'cluster-view',
    ])
    expect(mine[0]).toMatchObject({
      kind: 'rules',
      defaultDuration: 'PT30M',
      clusters: [{ name: 'prod-eu', reachable: true, namespaces: ['checkout', 'payments'] }],
    })
    expect(mine[3]).toMatchObject({
      kind: 'clusterRole',
      clusterRole: 'view',
      rules: [{ resources: ['pods', 'services'] }],
      clusters: [{ namespaces: ['checkout', 'observability', 'payments', 'search'] }],
    })
    expect(await listEntitlements(await anActor({ groups: [] }))).toEqual([])
  })

  test('of a cluster that was never seen name the namespaces that are written out', async () => {
    await db().$executeRaw`UPDATE cluster_states SET namespaces = '[]', reachable = false`
    const [first] = await listEntitlements(await anActor())
    expect(first?.clusters).toEqual([{ name: 'prod-eu', reachable: false, namespaces: ['payments'] }])
  })
})

describe('clusters', () => {
  const permissions = [
    { what: 'create roles', namespace: 'payments', allowed: true, neededFor: 'granting' },
    { what: 'create roles', namespace: 'search', allowed: false, neededFor: 'granting' },
  ]

  test('auditors and admins see what was seen', async () => {
    await aClusterState({ permissions, reachable: false, error: 'connection refused' })
    const ines = await anActor({ groups: [], roles: ['auditor'] })
    const [cluster] = await listClusters(ines)
    expect(clusterResource.parse(cluster)).toEqual(cluster)
    expect(cluster).toMatchObject({ reachable: false, error: 'connection refused', permissions })
    const grantable = cluster?.namespaces.filter((namespace) => namespace.grantable).map(({ name }) => name)
    expect(grantable).toEqual(['payments'])
  })

  test('others learn that it is there, whether it answers, and of namespaces only those they may ask for', async () => {
    await aClusterState({ permissions, error: 'secret address' })
    const [forMina] = await listClusters(await anActor({ groups: ['payments-dev'] }))
    const [forNobody] = await listClusters(await anActor({ groups: [] }))
    expect(forMina?.namespaces.map(({ name }) => name)).toContain('payments')
    expect(forMina).toMatchObject({ error: null, version: null, permissions: [] })
    expect(forNobody).toMatchObject({ name: 'prod-eu', reachable: true, namespaces: [], labels: {}, publicServer: '' })
    expect(clusterResource.parse(forNobody)).toEqual(forNobody)
  })

  test('one that was never seen is there and not reachable', async () => {
    await db().$executeRaw`UPDATE cluster_states SET name = 'elsewhere'`
    const [cluster] = await listClusters(await anActor({ roles: ['admin'] }))
    expect(cluster).toMatchObject({ name: 'prod-eu', reachable: false, checkedAt: null, namespaces: [] })
  })
})

describe('grants', () => {
  test('are seen by whoever may see their request, and by nobody else', async () => {
    const holder = await anActor()
    const grant = await aGrant({
      request: await aRequest({ requester: holder.person, status: 'approved' }),
      status: 'active',
    })
    const priya = await anActor({ groups: ['payments-leads'] })
    for (const actor of [holder, priya]) {
      expect((await getGrant(actor, grant.id)).id).toBe(grant.id)
      expect((await listGrants(actor, {})).items.map(({ id }) => id)).toContain(grant.id)
    }
    const jonas = await anActor({ groups: ['search-dev'] })
    expect(await rejectionOf(getGrant(jonas, grant.id))).toMatchObject({ code: 'not-found' })
    expect(await listGrants(jonas, {})).toEqual({ items: [], nextCursor: null })
    expect((await listGrants(holder, { status: 'ended' })).items).toEqual([])
  })

  test('a credential may be taken by the holder while it is active, and not a moment later', async () => {
    const holder = await anActor()
    const canIssue = async (status: 'pending' | 'active' | 'ending', activatedAt?: Date) => {
      const request = await aRequest({ requester: holder.person, status: 'approved' })
      const { id } = await aGrant({ request, status, activatedAt })
      return (await getGrant(holder, id)).can.issueCredential.may
    }
    expect(await canIssue('active')).toBe(true)
    expect(await canIssue('active', new Date(Date.now() - 1_800_000))).toBe(false)
    expect(await canIssue('pending')).toBe(false)
    expect(await canIssue('ending')).toBe(false)
  })
})

test('me: who the server thinks I am, and from which claim', async () => {
  const answer = await me(await anActor({ groups: ['platform-admins'], roles: ['admin'] }))
  expect(meResource.parse(answer)).toEqual(answer)
  expect(answer).toMatchObject({ roles: ['admin'], claims: { groups: 'groups', subject: 'sub' } })
})

describe('attention', () => {
  const kindsFor = async (...args: Parameters<typeof anActor>) =>
    (await attention(await anActor(...args))).map(({ kind }) => kind)

  test('nothing when all is well; a silent worker, an unreachable cluster and a late end when not', async () => {
    expect(await kindsFor()).toEqual(['worker-silent'])
    await db().worker.create({ data: { id: 'w' } })
    expect(await kindsFor()).toEqual([])
    await aClusterState({ reachable: false })
    expect(await kindsFor()).toEqual(['cluster-unreachable'])
    await aClusterState({ checkedAt: new Date(Date.now() - 120_000) })
    expect(await kindsFor()).toEqual(['cluster-unreachable'])
    await aClusterState()
    await db().$executeRaw`UPDATE cluster_states SET sweep_done_at = now() - interval '2 minutes'`
    expect(await kindsFor()).toEqual(['cluster-unswept'])
    await db().$executeRaw`UPDATE cluster_states SET sweep_done_at = NULL`
    expect(await kindsFor(), 'a worker that began just now has not swept yet').toEqual([])
    await db().$executeRaw`UPDATE workers SET started_at = now() - interval '2 minutes'`
    expect(await kindsFor()).toEqual(['cluster-unswept'])
    await db().$executeRaw`UPDATE cluster_states SET sweep_done_at = now()`
    expect(await kindsFor()).toEqual([])
    await aGrant({ status: 'ending', endingAt: new Date(Date.now() - 60_000) })
    expect(await kindsFor({ roles: ['admin'] })).toEqual(['ending-late'])
    expect(await kindsFor()).toEqual([])
    await db().$executeRaw`UPDATE workers SET seen_at = now() - interval '2 minutes'`
    expect(await kindsFor()).toEqual(['worker-silent'])
  })
})
