import { describe, expect, test } from 'vitest'
import { createObject } from '#lib/adapters/cluster/objects'
import { db } from '#lib/adapters/db/client'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { Difference } from '#lib/core/access/difference'
import { listClusters } from '#lib/views/list-clusters'
import { testClient } from '#testing/cluster'
import { anEntitlement } from '#testing/configuration'
import { lastEventData } from '#testing/events'
import {
  anActiveGrant,
  anApprovedRequest,
  endedGrantOf,
  grantReaches,
  manifestsOf,
  objectsInCluster,
  recordIntent,
} from '#testing/grants'
import { canI, kubectl } from '#testing/kubectl'
import { companyActors } from '#testing/people'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'
import { refreshCluster } from './refresh-cluster.ts'

// Guardrails are judged a third time, right before access is created.

const stage = await workerBench()
const guard = (guardrail: object) => stage.guard({ when: "rules.exists(r, 'patch' in r.verbs)", ...guardrail })

const minutesFromNow = (minutes: number) => new Date(Math.floor(Date.now() / 60_000 + minutes) * 60_000)
const wallTime = (time: Date) => time.toISOString().slice(11, 16)
/** Limits access to a daily window that opens and closes so many minutes from now. Returns when it closes. */
async function guardWindow(opensIn: number, closesIn: number, more: object = {}): Promise<Date> {
  const closes = minutesFromNow(closesIn)
  const times = { from: wallTime(minutesFromNow(opensIn)), to: wallTime(closes) }
  await guard({ effect: 'limit', limit: { windows: [{ zone: 'UTC', days: ['mon-sun'], ...times }], ...more } })
  return closes
}

/** The guardrails that ended a grant, by its event. */
const stoppedBy = async (grantId: string) =>
  ((await lastEventData({ grantId, type: 'grant.ending' })) as { stoppedBy?: string[] }).stoppedBy

test('access that a guardrail has come to deny since its approval is not created', async () => {
  const { request } = await anApprovedRequest()
  await guard({ effect: 'deny' })
  const ended = await endedGrantOf(request)
  expect(ended).toMatchObject({ endedBy: 'ineligible', endNote: 'Calm is kept.' })
  expect(await stoppedBy(ended.id)).toEqual(['calm'])
  expect(await objectsInCluster(ended.id)).toEqual([])
})

test('access for which a guardrail has come to require more approvals is not created, and the note says whose', async () => {
  const { request } = await anApprovedRequest()
  await guard({ effect: 'require', require: { approvals: [{ groups: ['security'] }] } })
  const ended = await endedGrantOf(request)
  const endNote = expect.stringContaining('one more approval from security')
  expect(ended).toMatchObject({ endedBy: 'ineligible', endNote })
  expect(await stoppedBy(ended.id)).toEqual(['calm'])
})

test('a quota is judged again before access is created, by the grants from before this one', async () => {
  await guard({ effect: 'deny', when: 'history.grants.size() >= 1' })
  const { holder } = await anActiveGrant()
  const { request } = await anApprovedRequest({ requester: holder })
  const ended = await endedGrantOf(request)
  expect(ended).toMatchObject({ endedBy: 'ineligible', endNote: 'Calm is kept.' })
})

test('what is new to the requester is asked of the cluster at that moment, not taken from an older reading', async () => {
  await guard({ when: "difference.added.exists(a, a.verb == 'patch' && a.resource == 'deployments')", effect: 'deny' })
  const { holder, request } = await anApprovedRequest()
  expect(await endedGrantOf(request)).toMatchObject({ endedBy: 'ineligible' })
  const name = `patches-${holder.id.slice(-8)}`
  const rule = ['--verb=get,list,watch,patch', '--resource=deployments.apps']
  await kubectl(['create', 'role', name, '-n', 'payments', ...rule])
  await kubectl(['create', 'rolebinding', name, '-n', 'payments', `--role=${name}`, `--user=oidc:${holder.email}`])
  try {
    const { id } = await anActiveGrant({ requester: holder })
    const { judged } = (await lastEventData({ grantId: id, type: 'grant.active' })) as {
      judged: { difference: Difference }
    }
    expect(judged.difference).toMatchObject({ known: true, gained: [], held: [{ namespaces: ['payments'] }] })
  } finally {
    await kubectl(['delete', 'role,rolebinding', name, '-n', 'payments'])
  }
})

describe('pods', () => {
  const entitlement = anEntitlement({
    rules: [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }],
  })
  const guardPods = () => stage.guard({ effect: 'deny', when: 'pods.items.exists(p, p.hostPID)' })
  const binding = ['rolebinding', 'postern-pod-reader', '-n', 'payments']
  const isAllowed = async () => (await canI('system:serviceaccount:postern-system:postern', 'list', 'pods')) === 'yes'
  const allow = async () => {
    await kubectl(['create', ...binding, '--clusterrole=postern-pod-reader', '--serviceaccount=postern-system:postern'])
    await until('Postern may list pods', isAllowed)
  }
  const createPod = (name: string, hostPID: boolean) =>
    kubectl(['create', '-f', '-'], {
      input: JSON.stringify({
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'payments' } },
        spec: { hostPID, containers: [{ name: 'a', image: 'a' }] },
      }),
    })

  test('access to a shell begins only if the cluster shows harmless pods at that moment', async () => {
    await guardPods()
    const { request } = await anApprovedRequest({ entitlement })
    expect(await endedGrantOf(request)).toMatchObject({ endedBy: 'ineligible' })
    await allow()
    try {
      await createPod('harmless', false)
      await anActiveGrant({ entitlement })
      await createPod('open', true)
      const { request: later } = await anApprovedRequest({ entitlement })
      expect(await endedGrantOf(later)).toMatchObject({ endedBy: 'ineligible', endNote: 'Calm is kept.' })
    } finally {
      await kubectl(['delete', 'pod', 'harmless', 'open', '-n', 'payments', '--ignore-not-found', '--force'])
      await kubectl(['delete', ...binding])
    }
  })

  test('the Clusters page shows whether Postern may list pods, where a guardrail needs it', async () => {
    const { ines } = await companyActors('ines')
    const shown = async () => {
      await refreshCluster(currentPolicy().configuration, 'prod-eu', 0)
      const [cluster] = await listClusters(ines)
      const permissions = cluster?.permissions.filter((one) => one.what === 'list pods' && one.namespace === 'payments')
      const payments = cluster?.namespaces.find(({ name }) => name === 'payments')
      return [payments?.grantable, permissions?.map(({ allowed }) => allowed)]
    }
    await stage.guard({ effect: 'deny', when: 'false' })
    expect(await shown()).toEqual([true, []])
    await guardPods()
    expect(await shown()).toEqual([true, [false]])
    await allow()
    try {
      expect(await shown()).toEqual([true, [true]])
    } finally {
      await kubectl(['delete', ...binding])
    }
  })

  test('the worker stores the pods that it may read, if a guardrail needs them', async () => {
    const stored = async () => {
      const { pods } = await db().clusterState.findUniqueOrThrow({ where: { name: 'prod-eu' } })
      return pods as { namespaces: Record<string, { name: string; hostPID: boolean }[]> } | null
    }
    await db().$executeRaw`UPDATE cluster_states SET pods = NULL`
    await allow()
    try {
      await createPod('seen', true)
      await stage.guard({ effect: 'deny', when: 'false' })
      await refreshCluster(currentPolicy().configuration, 'prod-eu', 0)
      expect(await stored()).toBeNull()
      await guardPods()
      await refreshCluster(currentPolicy().configuration, 'prod-eu', 0)
      const { namespaces } = (await stored()) ?? { namespaces: {} }
      expect(Object.keys(namespaces)).toEqual(['payments'])
      expect(namespaces.payments).toContainEqual(expect.objectContaining({ name: 'seen', hostPID: true }))
    } finally {
      await kubectl(['delete', 'pod', 'seen', '-n', 'payments', '--ignore-not-found', '--force'])
      await kubectl(['delete', ...binding])
    }
  })
})

test('access ends with its window, in the database and on the objects', async () => {
  const closes = await guardWindow(-60, 10)
  const { name, grant } = await anActiveGrant({ durationSeconds: 1800 })
  expect(grant.expiresAt).toEqual(closes)
  const { metadata } = JSON.parse(await kubectl(['get', 'serviceaccount', name, '-n', 'postern-grants', '-o', 'json']))
  expect(Date.parse(metadata.annotations['postern.dev/expires-at'])).toBeLessThanOrEqual(closes.getTime())
})

test('access ends with its window even if its objects were created before there was one', async () => {
  await stage.stop()
  const approved = await anApprovedRequest({ durationSeconds: 1800 })
  const { id } = await aGrant({ request: approved.request })
  const manifests = manifestsOf(id, approved, { publicUrl: stage.publicUrl, expiresAt: minutesFromNow(60) })
  await recordIntent(id, manifests)
  const client = await testClient()
  for (const manifest of manifests) await createObject(client, manifest)
  const closes = await guardWindow(-60, 10)
  stage.start()
  expect((await grantReaches(id, 'active')).expiresAt).toEqual(closes)
})

test('access may outlive a window that allows it', async () => {
  await guardWindow(-60, 10, { mayOutliveWindow: true })
  const { grant } = await anActiveGrant({ durationSeconds: 1800 })
  expect(Number(grant.expiresAt) - Number(grant.activatedAt)).toBe(1_800_000)
})

test('access does not begin outside its window', async () => {
  await guardWindow(60, 90)
  const { request } = await anApprovedRequest()
  const endNote = expect.stringContaining('Next opening')
  expect(await endedGrantOf(request)).toMatchObject({ endedBy: 'ineligible', endNote })
})
