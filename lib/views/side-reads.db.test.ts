import { describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { clusterResource } from '#lib/core/access/cluster-resource'
import { entitlementResource } from '#lib/core/access/entitlement-resource'
import type { GroupsProblem } from '#lib/core/access/learn-groups'
import { meResource } from '#lib/core/access/me-resource'
import { podsNeededFor } from '#lib/core/access/pod-facts'
import { previewResource } from '#lib/core/access/preview-resource'
import { submitRequest } from '#lib/operations/submit-request'
import { testBench } from '#testing/bench'
import { anActor, companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aClusterState, aGrant, aRequest, aSubmission } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { attention } from './attention.ts'
import { getGrant } from './get-grant.ts'
import { listClusters } from './list-clusters.ts'
import { listEntitlements } from './list-entitlements.ts'
import { listGrants } from './list-grants.ts'
import { me } from './me.ts'
import { previewRequest } from './preview-request.ts'

await testBench()
const { mina, jonas, priya, ines, ola } = await companyActors('mina', 'jonas', 'priya', 'ines', 'ola')

describe('the preview', () => {
  test('a preview has the digest, steps and objects of the submission, and writes nothing', async () => {
    const statements = await statementsOf(async () => {
      const preview = await previewRequest(mina, aSubmission())
      expect(previewResource.parse(preview)).toEqual(preview)
      expect(preview.steps[0]?.eligible).toMatchObject([{ id: priya.person.id }])
      expect(preview.objects.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'Role', 'RoleBinding'])
      expect(preview.manifests).toContain('kind: RoleBinding')
      expect(preview.maxDuration).toBe('PT2H')
    })
    expect(statements.filter((sql) => /INSERT|UPDATE|DELETE/i.test(sql))).toEqual([])
    expect(statements.length).toBeLessThanOrEqual(3)
    const { digest } = await previewRequest(mina, aSubmission())
    expect((await submitRequest(mina, aSubmission())).digest).toBe(digest)
  })

  test('a preview reports the violations of the submission, each at its field', async () => {
    const bad = aSubmission({ namespaces: ['nowhere'], durationSeconds: 99_999, reason: 'x' })
    const { verdict } = await previewRequest(mina, bad)
    const refused = await rejectionOf(submitRequest(mina, bad))
    expect(verdict.violations.map(({ pointer, sentence }) => ({ pointer, message: sentence }))).toEqual(refused.errors)
    expect(verdict.violations.length).toBeGreaterThan(2)
  })

  test('the preview of an entitlement for other people equals that of an unknown entitlement', async () => {
    const forOthers = await previewRequest(jonas, aSubmission())
    expect(forOthers).toEqual(await previewRequest(jonas, aSubmission({ entitlement: 'no-such' })))
    expect(forOthers).toMatchObject({ steps: [], rules: [], objects: [], manifests: '', digest: '' })
    expect(previewResource.parse(forOthers)).toEqual(forOthers)
  })
})

describe('what a person has already', () => {
  const preview = async (overrides: Parameters<typeof aSubmission>[0] = {}) =>
    (await previewRequest(mina, aSubmission(overrides))).alreadyHeld

  test('a preview names the own access that covers everything, and otherwise what is missing', async () => {
    const requester = mina.person
    const request = await aRequest({ requester, status: 'approved', namespaces: ['payments'] })
    const expiresAt = new Date(Date.now() + 600_000)
    const grant = await aGrant({ request, status: 'active', activatedAt: new Date(), expiresAt })
    const [held, ...others] = await preview()
    expect(held).toMatchObject({
      ...{
        requestId: request.id,
        grantId: grant.id,
        status: 'active',
        expiresAt: expiresAt.toISOString(),
        missing: [],
      },
    })
    expect(others.filter(({ missing }) => missing.length > 0)).toEqual([])
    const [part] = await preview({ namespaces: ['payments', 'checkout-eu'] })
    expect(part?.missing).toMatchObject([{ namespaces: ['checkout-eu'] }])
    expect((await previewRequest(jonas, aSubmission({ entitlement: 'cluster-view' }))).alreadyHeld).toEqual([])
    const ending = { status: 'ending', endedBy: 'release', endingAt: new Date(), nextAttemptAt: new Date() } as const
    await db().grant.update({ where: { id: grant.id }, data: ending })
    expect((await preview()).map(({ requestId }) => requestId)).not.toContain(request.id)
  })

  test('a preview names a pending request for the same, with its approvers', async () => {
    const request = await aRequest({ requester: mina.person })
    const held = (await preview()).find(({ requestId }) => requestId === request.id)
    expect(held).toMatchObject({ status: 'pending', grantId: null, steps: [{ groups: ['payments-leads'] }] })
    await db().request.update({ where: { id: request.id }, data: { status: 'withdrawn', resolvedAt: new Date() } })
    expect((await preview()).map(({ requestId }) => requestId)).not.toContain(request.id)
  })
})

describe('entitlements', () => {
  test('a person sees the entitlements they are eligible for, and the namespaces that each covers', async () => {
    const mine = await listEntitlements(mina)
    for (const entitlement of mine) expect(entitlementResource.parse(entitlement)).toEqual(entitlement)
    expect(mine.map(({ name }) => name)).toEqual([
      'payments-restart',
      'payments-logs',
      'payments-secrets',
      'payments-shell',
      'cluster-view',
    ])
    expect(mine[0]).toMatchObject({
      kind: 'rules',
      defaultDuration: 'PT30M',
      clusters: [{ name: 'prod-eu', reachable: true, namespaces: ['checkout', 'payments'] }],
    })
    expect(mine.at(-1)).toMatchObject({
      kind: 'clusterRole',
      clusterRole: 'view',
      rules: [{ resources: ['pods', 'services'] }],
      clusters: [{ namespaces: ['checkout', 'observability', 'payments', 'search'] }],
    })
    expect(await listEntitlements(await anActor({ groups: [] }))).toEqual([])
  })

  test('an entitlement in a cluster that was never read lists the namespaces it names in full', async () => {
    await db().$executeRaw`UPDATE cluster_states SET namespaces = '[]', reachable = false`
    const [first] = await listEntitlements(mina)
    expect(first?.clusters).toEqual([{ name: 'prod-eu', reachable: false, namespaces: ['payments'] }])
  })
})

describe('clusters', () => {
  const permissions = [
    { what: 'create roles', namespace: 'payments', allowed: true, neededFor: 'granting' },
    { what: 'create roles', namespace: 'search', allowed: false, neededFor: 'granting' },
    // Without it, guardrails that use pods count as violated, and all other access can be granted.
    { what: 'list pods', namespace: 'payments', allowed: false, neededFor: podsNeededFor },
  ]

  test('auditors and admins see the whole state of a cluster', async () => {
    await aClusterState({ permissions, reachable: false, error: 'connection refused' })
    const [cluster] = await listClusters(ines)
    expect(clusterResource.parse(cluster)).toEqual(cluster)
    expect(cluster).toMatchObject({ reachable: false, error: 'connection refused', permissions })
    const grantable = cluster?.namespaces.filter((namespace) => namespace.grantable).map(({ name }) => name)
    expect(grantable).toEqual(['payments'])
  })

  test('others see whether a cluster is reachable, and only the namespaces they can request', async () => {
    await aClusterState({ permissions, error: 'secret address' })
    const [forMina] = await listClusters(mina)
    const [forNewcomer] = await listClusters(await anActor({ groups: [] }))
    expect(forMina?.namespaces.map(({ name }) => name)).toContain('payments')
    expect(forMina).toMatchObject({ error: null, version: null, permissions: [] })
    expect(forNewcomer).toMatchObject({
      name: 'prod-eu',
      reachable: true,
      namespaces: [],
      labels: {},
      publicServer: '',
    })
    expect(clusterResource.parse(forNewcomer)).toEqual(forNewcomer)
  })

  test('a cluster that was never read is listed as unreachable', async () => {
    await db().$executeRaw`UPDATE cluster_states SET name = 'elsewhere'`
    const [cluster] = await listClusters(ola)
    expect(cluster).toMatchObject({ name: 'prod-eu', reachable: false, checkedAt: null, namespaces: [] })
  })
})

describe('grants', () => {
  test('a grant is visible to those who may see its request, and to no one else', async () => {
    const holder = await anActor()
    const grant = await aGrant({ holder: holder.person, status: 'active' })
    for (const actor of [holder, priya]) {
      expect((await getGrant(actor, grant.id)).id).toBe(grant.id)
      expect((await listGrants(actor, {})).items.map(({ id }) => id)).toContain(grant.id)
    }
    expect(await rejectionOf(getGrant(jonas, grant.id))).toMatchObject({ code: 'not-found' })
    expect(await listGrants(jonas, {})).toEqual({ items: [], nextCursor: null })
    expect((await listGrants(holder, { status: 'ended' })).items).toEqual([])
  })

  test('the holder can get a credential while the grant is active, and not after its end', async () => {
    const canIssue = async (status: 'pending' | 'active' | 'ending', activatedAt?: Date) => {
      const { id } = await aGrant({ holder: mina.person, status, activatedAt })
      return (await getGrant(mina, id)).can.issueCredential.may
    }
    expect(await canIssue('active')).toBe(true)
    expect(await canIssue('active', new Date(Date.now() - 1_800_000))).toBe(false)
    expect(await canIssue('pending')).toBe(false)
    expect(await canIssue('ending')).toBe(false)
  })
})

test('me describes the signed-in person, with the claim that each field comes from', async () => {
  const answer = await me(ola)
  expect(meResource.parse(answer)).toEqual(answer)
  expect(answer.version).toMatch(/^\d+\.\d+\.\d+/)
  expect(answer).toMatchObject({ roles: ['admin'], claims: { groups: 'groups', subject: 'sub' } })
})

test('attention says that the identity provider sent no groups, and why', async () => {
  const sentenceFor = async (groupsProblem: GroupsProblem) => {
    const items = await attention({ ...jonas, person: { ...jonas.person, groupsProblem } })
    return items.find(({ kind }) => kind === 'groups-missing')?.sentence
  }
  expect(await sentenceFor('absent')).toMatch(/^Your identity provider sent no “groups”\./)
  expect(await sentenceFor('overage')).toMatch(/you are in too many/)
  expect(await sentenceFor('unusable')).toMatch(/not a list of names/)
})

test('attention lists a silent worker, an unreachable or unswept cluster and a late end, and nothing when all is well', async () => {
  const kindsFor = async (actor = jonas) => (await attention(actor)).map(({ kind }) => kind)
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
  expect(await kindsFor(), 'a worker that has just started has not swept yet').toEqual([])
  await db().$executeRaw`UPDATE workers SET started_at = now() - interval '2 minutes'`
  expect(await kindsFor()).toEqual(['cluster-unswept'])
  await db().$executeRaw`UPDATE cluster_states SET sweep_done_at = now()`
  expect(await kindsFor()).toEqual([])
  await aGrant({ status: 'ending', endingAt: new Date(Date.now() - 60_000) })
  expect(await kindsFor(ola)).toEqual(['ending-late'])
  expect(await kindsFor()).toEqual([])
  await db().$executeRaw`UPDATE workers SET seen_at = now() - interval '2 minutes'`
  expect(await kindsFor()).toEqual(['worker-silent'])
})
