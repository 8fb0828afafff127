import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { clusterClient } from '#lib/adapters/cluster/client'
import { createObject } from '#lib/adapters/cluster/objects'
import { db } from '#lib/adapters/db/client'
import type { Difference } from '#lib/core/access/difference'
import { grantObjects } from '#lib/core/grants/manifests'
import { objectName } from '#lib/core/grants/names'
import { testParts } from '#testing/database'
import { anApprovedRequest, grantReaches, objectsInCluster } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { aGrant } from '#testing/requests'
import { testWorker } from '#testing/worker'

const stage = await testWorker()
beforeAll(stage.start)
afterEach(async () => {
  await stage.guard([])
  stage.start()
})
afterAll(stage.end)

const calm = { name: 'calm', description: 'Calm is kept.', when: "rules.exists(r, 'patch' in r.verbs)" }

/** `HH:MM` in UTC. */
const wallTime = (time: Date) => time.toISOString().slice(11, 16)
const minutesFromNow = (minutes: number) => new Date(Math.floor(Date.now() / 60_000 + minutes) * 60_000)

/** What the record of its end says of guardrails. */
const stoppedBy = async (grantId: string) => {
  const { data } = await db().auditEvent.findFirstOrThrow({ where: { grantId, type: 'grant.ending' } })
  return (data as { stoppedBy?: string[] }).stoppedBy
}

describe('guardrails right before granting', () => {
  it('what has come to be denied since it was approved ends, and nothing is made', async () => {
    const { request } = await anApprovedRequest()
    await stage.guard([{ ...calm, effect: 'deny' }])
    const ended = await grantReaches((await aGrant({ request })).id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'ineligible', endNote: 'Calm is kept.' })
    expect(await stoppedBy(ended.id)).toEqual(['calm'])
    expect(await objectsInCluster(ended.id)).toEqual([])
  })

  it('what has come to need more people ends, and says whom', async () => {
    const { request } = await anApprovedRequest()
    await stage.guard([{ ...calm, effect: 'require', require: { approvals: [{ groups: ['security'] }] } }])
    const ended = await grantReaches((await aGrant({ request })).id, 'ended')
    expect(ended).toMatchObject({
      endedBy: 'ineligible',
      endNote: expect.stringContaining('one more approval from security'),
    })
    expect(await stoppedBy(ended.id)).toEqual(['calm'])
  })

  it('what is new to the requester is asked of the cluster at that moment, not taken from an older reading', async () => {
    const noPatch = "difference.added.exists(a, a.verb == 'patch' && a.resource == 'deployments')"
    await stage.guard([{ ...calm, when: noPatch, effect: 'deny' }])
    const { holder, request } = await anApprovedRequest()
    expect(await grantReaches((await aGrant({ request })).id, 'ended')).toMatchObject({ endedBy: 'ineligible' })
    const name = `patches-${holder.id.slice(-8)}`
    const rule = ['--verb=get,list,watch,patch', '--resource=deployments.apps']
    await kubectl(['create', 'role', name, '-n', 'payments', ...rule])
    await kubectl(['create', 'rolebinding', name, '-n', 'payments', `--role=${name}`, `--user=oidc:${holder.email}`])
    try {
      const again = await anApprovedRequest({ requester: holder })
      const { id } = await grantReaches((await aGrant({ request: again.request })).id, 'active')
      const told = await db().auditEvent.findFirstOrThrow({ where: { grantId: id, type: 'grant.active' } })
      const { difference } = (told.data as { judged: { difference: Difference } }).judged
      expect(difference).toMatchObject({ known: true, gained: [], held: [{ namespaces: ['payments'] }] })
    } finally {
      await kubectl(['delete', 'role,rolebinding', name, '-n', 'payments'])
    }
  })

  it('access ends with its window, in the record and on the objects', async () => {
    const closes = minutesFromNow(10)
    const days = ['mon-sun']
    const window = { zone: 'UTC', days, from: wallTime(minutesFromNow(-60)), to: wallTime(closes) }
    await stage.guard([{ ...calm, effect: 'limit', limit: { windows: [window] } }])
    const { request } = await anApprovedRequest({ durationSeconds: 1800 })
    const active = await grantReaches((await aGrant({ request })).id, 'active')
    expect(active.expiresAt).toEqual(closes)
    const account = ['get', 'serviceaccount', objectName(active.id), '-n', 'postern-grants', '-o', 'json']
    const { metadata } = JSON.parse(await kubectl(account))
    expect(Date.parse(metadata.annotations['postern.dev/expires-at'])).toBeLessThanOrEqual(closes.getTime())
  })

  it('access ends with its window, although all was made before there was one', async () => {
    await stage.stop()
    const { holder, request } = await anApprovedRequest({ durationSeconds: 1800 })
    const grant = await aGrant({ request })
    const manifests = grantObjects({
      ...{ grantId: grant.id, namespaces: ['payments'], rules: request.rules as never, clusterRole: null },
      ...{ requester: holder, requestUrl: `${stage.publicUrl}/requests/${request.id}`, expiresAt: minutesFromNow(60) },
    })
    const data = manifests.map(({ kind, metadata: { namespace, name } }) => {
      return { grantId: grant.id, cluster: 'prod-eu', kind, namespace, name }
    })
    await db().grantObject.createMany({ data })
    const file = testParts().kubernetes.posternKubeconfig
    const client = await clusterClient({ name: 'prod-eu', kubeconfig: { file } })
    for (const manifest of manifests) await createObject(client, manifest)
    const closes = minutesFromNow(10)
    const window = { zone: 'UTC', days: ['mon-sun'], from: wallTime(minutesFromNow(-60)), to: wallTime(closes) }
    await stage.guard([{ ...calm, effect: 'limit', limit: { windows: [window] } }])
    stage.start()
    expect((await grantReaches(grant.id, 'active')).expiresAt).toEqual(closes)
  })

  it('access may go on after a window that says so', async () => {
    const window = {
      zone: 'UTC',
      days: ['mon-sun'],
      from: wallTime(minutesFromNow(-60)),
      to: wallTime(minutesFromNow(10)),
    }
    await stage.guard([{ ...calm, effect: 'limit', limit: { windows: [window], mayOutliveWindow: true } }])
    const { request } = await anApprovedRequest({ durationSeconds: 1800 })
    const active = await grantReaches((await aGrant({ request })).id, 'active')
    expect(Number(active.expiresAt) - Number(active.activatedAt)).toBe(1_800_000)
  })

  it('outside its window nothing is begun', async () => {
    const window = {
      zone: 'UTC',
      days: ['mon-sun'],
      from: wallTime(minutesFromNow(60)),
      to: wallTime(minutesFromNow(90)),
    }
    await stage.guard([{ ...calm, effect: 'limit', limit: { windows: [window] } }])
    const { request } = await anApprovedRequest()
    const ended = await grantReaches((await aGrant({ request })).id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'ineligible', endNote: expect.stringContaining('It opens') })
  })
})
