import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { makeId } from '#lib/access/ids'
import { closeClusters, clusterClient } from '#lib/cluster/client'
import { createObject } from '#lib/cluster/objects'
import { stopAwaiting } from '#lib/db/await-answer'
import { db } from '#lib/db/client'
import { grantObjects } from '#lib/grants/manifests'
import { objectName } from '#lib/grants/names'
import { issueCredential } from '#lib/operations/issue-credential'
import { releaseGrant } from '#lib/operations/release-grant'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { currentPolicy } from '#lib/policy/current'
import { aConfiguration, anEntitlement, anEntitlementDocument } from '#lib/testing/configuration'
import { testDatabase, testParts } from '#lib/testing/database'
import { anApprovedRequest, grantReaches, grantRow, objectsInCluster } from '#lib/testing/grants'
import { kubectl } from '#lib/testing/kubectl'
import { aPerson, asActor } from '#lib/testing/people'
import { testPolicy } from '#lib/testing/policy'
import { aGrant, aRequest } from '#lib/testing/requests'
import { startWorker } from './start.ts'
import { sweepCluster } from './sweep.ts'

const { kubernetes } = testParts()
const database = await testDatabase()
const scratch = mkdtempSync(join(tmpdir(), 'postern-worker-test-'))

/** This file's own Postern: its sweep leaves alone what other test files make in the same cluster. */
const document = aConfiguration({
  publicUrl: `http://localhost:${40_000 + (process.pid % 20_000)}`,
  clusters: [
    { name: 'prod-eu', kubeconfig: { file: kubernetes.posternKubeconfig }, publicServer: kubernetes.server },
    { name: 'away', kubeconfig: { file: '/nonexistent/away.kubeconfig' }, publicServer: 'https://away.example.com' },
  ],
  entitlements: [
    anEntitlementDocument(),
    anEntitlementDocument({ name: 'away-restart', clusters: ['away'] }),
    anEntitlementDocument({ name: 'look-around', rules: undefined, clusterRole: 'view', approvals: [] }),
  ],
})
const policy = await testPolicy(document)
const { publicUrl } = document

let worker: ReturnType<typeof startWorker> | undefined
const start = () => {
  worker = startWorker()
}
const stop = async () => {
  await worker?.stop()
  worker = undefined
}

beforeAll(start)
afterEach(() => {
  if (!worker) start()
})
afterAll(async () => {
  await stop()
  await stopAwaiting()
  await closeClusters()
  await policy.stop()
  await database.drop()
  rmSync(scratch, { recursive: true, force: true })
})

const eventsOf = async (grantId: string) =>
  (await db().auditEvent.findMany({ where: { grantId }, orderBy: { seq: 'asc' } })).map(({ type }) => type)

const can = async (grantId: string, verb: string, resource = 'deployments.apps', namespace = 'payments') =>
  (
    await kubectl([
      ...['auth', 'can-i', verb, resource, '-n', namespace],
      `--as=system:serviceaccount:postern-grants:${objectName(grantId)}`,
      ...['--as-group=system:serviceaccounts', '--as-group=system:authenticated'],
    ]).catch((error: { stdout?: string }) => error.stdout ?? '')
  ).trim()

describe('promise 5 and 6: active means it works, ended means it is over', () => {
  it('kubectl can, is revoked, and kubectl cannot', async () => {
    const { holder, lead, request } = await anApprovedRequest({ namespaces: ['payments', 'checkout'] })
    const grant = await aGrant({ request })
    const active = await grantReaches(grant.id, 'active')
    expect(active.expiresAt?.getTime()).toBe((active.activatedAt?.getTime() ?? 0) + request.durationSeconds * 1000)
    expect(active.objects.every(({ uid, createdAt }) => uid && createdAt)).toBe(true)
    expect(active.objects).toHaveLength(5)
    expect(active.allowedProbes).toMatchObject({
      results: expect.arrayContaining([
        {
          namespace: 'checkout',
          verb: 'patch',
          group: 'apps',
          resource: 'deployments',
          subresource: '',
          name: '',
          allowed: true,
        },
      ]),
    })

    const issued = await issueCredential(asActor(holder), grant.id)
    const kubeconfig = join(scratch, 'kubeconfig')
    writeFileSync(kubeconfig, issued.kubeconfig, { mode: 0o600 })
    const list = () => kubectl(['get', 'deployments', '-o', 'name'], { kubeconfig })
    expect(await list()).toContain('deployment.apps/payments-api')
    await expect(kubectl(['get', 'secrets'], { kubeconfig })).rejects.toThrow(/forbidden/i)

    await revokeGrant(asActor(lead), grant.id, { reason: 'enough' })
    const ended = await grantReaches(grant.id, 'ended')
    await expect(list()).rejects.toThrow(/forbidden|unauthorized|logged in/i)
    expect(await can(grant.id, 'patch')).toBe('no')
    expect(await objectsInCluster(grant.id)).toEqual([])
    expect(ended).toMatchObject({ endedBy: 'revocation', endNote: 'enough', lastError: null, nextAttemptAt: null })
    expect(ended.objects.every(({ removedAt }) => removedAt)).toBe(true)
    expect((ended.deniedProbes as { results: Array<{ allowed: boolean }> }).results).toHaveLength(8)
    expect(
      (ended.deniedProbes as { results: Array<{ allowed: boolean }> }).results.some(({ allowed }) => allowed),
    ).toBe(false)
    const types = await eventsOf(grant.id)
    expect([...new Set(types)]).toEqual([
      ...['grant.created', 'grant.object-made', 'grant.active', 'credential.requested', 'credential.issued'],
      ...['grant.ending', 'grant.object-removed', 'grant.ended'],
    ])
    expect(types.filter((type) => type === 'grant.object-removed')).toHaveLength(5)
  })

  it('access past its end is taken back without anybody asking', async () => {
    const { request } = await anApprovedRequest()
    const grant = await aGrant({ request })
    await grantReaches(grant.id, 'active')
    // The end is brought forward, which is the only way that an end may be moved.
    const soon = new Date(Date.now() + 300)
    await db().grant.update({ where: { id: grant.id }, data: { expiresAt: soon, nextAttemptAt: soon } })
    await db().$executeRaw`SELECT pg_notify('postern_grant', ${grant.id})`
    const ended = await grantReaches(grant.id, 'ended')
    expect(ended.endedBy).toBe('expiry')
    expect((ended.endedAt?.getTime() ?? 0) - soon.getTime()).toBeLessThan(2_000)
    expect(await can(grant.id, 'patch')).toBe('no')
  })

  it('what the cluster allows to every ServiceAccount does not keep a grant from ending, and is not hidden', async () => {
    const name = `everybody-${randomBytes(4).toString('hex')}`
    await kubectl(['create', 'role', name, '-n', 'payments', '--verb=list', '--resource=deployments.apps'])
    await kubectl(['create', 'rolebinding', name, '-n', 'payments', `--role=${name}`, '--group=system:authenticated'])
    try {
      const { holder, request } = await anApprovedRequest()
      const grant = await aGrant({ request })
      await grantReaches(grant.id, 'active')
      await releaseGrant(asActor(holder), grant.id)
      const { deniedProbes } = await grantReaches(grant.id, 'ended')
      const { results } = deniedProbes as { results: Array<{ verb: string; allowed: boolean }> }
      expect(results.filter(({ allowed }) => allowed).map(({ verb }) => verb)).toEqual(['list'])
    } finally {
      await kubectl(['delete', 'role,rolebinding', name, '-n', 'payments'])
    }
  })

  it('a binding that somebody else made for this very ServiceAccount keeps it ending, loudly, until it is gone', async () => {
    const { holder, request } = await anApprovedRequest()
    const grant = await aGrant({ request })
    await grantReaches(grant.id, 'active')
    const binding = `sneaky-${randomBytes(4).toString('hex')}`
    const subject = `--serviceaccount=postern-grants:${objectName(grant.id)}`
    await kubectl(['create', 'rolebinding', binding, '-n', 'payments', '--clusterrole=edit', subject])
    await releaseGrant(asActor(holder), grant.id)
    await expect
      .poll(async () => (await grantRow(grant.id)).lastError, { timeout: 25_000, interval: 100 })
      .toMatch(/still allows this ServiceAccount to .*deployments.* in payments/)
    expect((await grantRow(grant.id)).status).toBe('ending')
    await kubectl(['delete', 'rolebinding', binding, '-n', 'payments'])
    await grantReaches(grant.id, 'ended', 40_000)
  }, 90_000)

  it('a vetted ClusterRole is bound, and works', async () => {
    const entitlement = anEntitlement({ name: 'look-around', rules: undefined, clusterRole: 'view', approvals: [] })
    const view = JSON.parse(await kubectl(['get', 'clusterrole', 'view', '-o', 'json'])) as { rules: never[] }
    const request = await aRequest({ requester: await aPerson(), entitlement, rules: view.rules, status: 'approved' })
    const grant = await aGrant({ request })
    await grantReaches(grant.id, 'active')
    expect(await can(grant.id, 'list', 'pods')).toBe('yes')
    expect((await grantRow(grant.id)).objects.map(({ kind }) => kind).sort()).toEqual(['RoleBinding', 'ServiceAccount'])
  })
})

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
    await stop()
    const grant = await aGrant({ request })
    const name = objectName(grant.id)
    await kubectl(['create', 'role', name, '-n', 'payments', '--verb=get', '--resource=pods'])
    start()
    const ended = await grantReaches(grant.id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'failure', endNote: expect.stringContaining('there already') })
    expect(await kubectl(['get', 'role', name, '-n', 'payments', '-o', 'name'])).toContain(name)
    await kubectl(['delete', 'role', name, '-n', 'payments'])
  })

  it('a requester who lost the group that made them eligible', async () => {
    const { holder, request } = await anApprovedRequest()
    await db().person.update({ where: { id: holder.id }, data: { groups: [] } })
    const ended = await grantReaches((await aGrant({ request })).id, 'ended')
    expect(ended.endedBy).toBe('ineligible')
    expect(await objectsInCluster(ended.id)).toEqual([])
    expect(await eventsOf(ended.id)).not.toContain('grant.object-made')
  })

  it('an approver who lost the group that made them one', async () => {
    const { lead, request } = await anApprovedRequest()
    await db().person.update({ where: { id: lead.id }, data: { groups: ['payments-dev'] } })
    const ended = await grantReaches((await aGrant({ request })).id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'ineligible', endNote: expect.stringContaining('may not approve') })
  })

  it('promise 3: terms on record that are not what was approved', async () => {
    const { request } = await anApprovedRequest()
    await database.asOwner('ALTER TABLE requests DISABLE TRIGGER requests_guard')
    const wider = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]
    await db().request.update({ where: { id: request.id }, data: { rules: wider } })
    await database.asOwner('ALTER TABLE requests ENABLE TRIGGER requests_guard')
    const ended = await grantReaches((await aGrant({ request })).id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'ineligible', endNote: expect.stringContaining('not what was approved') })
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

describe('promise 8: a crash at any instruction leaks nothing', () => {
  it.each(['nothing', 'the wish', 'the ServiceAccount', 'everything'])(
    'a grant of which %s was made before the crash becomes active, with one set of objects',
    async (what) => {
      await stop()
      const { holder, request } = await anApprovedRequest()
      const grant = await aGrant({ request })
      const manifests = grantObjects({
        ...{ grantId: grant.id, namespaces: ['payments'], rules: request.rules as never, clusterRole: null },
        ...{ requester: holder, requestUrl: `${publicUrl}/requests/${request.id}`, expiresAt: null },
      })
      if (what !== 'nothing') {
        await db().grantObject.createMany({
          data: manifests.map(({ kind, metadata: { namespace, name } }) => ({
            ...{ grantId: grant.id, cluster: 'prod-eu', kind, namespace, name },
          })),
        })
      }
      const client = await clusterClient({ name: 'prod-eu', kubeconfig: { file: kubernetes.posternKubeconfig } })
      const count = { nothing: 0, 'the wish': 0, 'the ServiceAccount': 1, everything: 3 }[what] ?? 0
      for (const manifest of manifests.slice(0, count)) await createObject(client, manifest)
      // Whoever died held the lease.
      await database.asApp(
        `UPDATE grants SET leased_by = 'dead', lease_until = now() - interval '1 second' WHERE id = $1`,
        [grant.id],
      )
      start()
      await grantReaches(grant.id, 'active')
      expect(await objectsInCluster(grant.id)).toHaveLength(3)
    },
  )

  it('what belongs to no live grant is removed by the sweep, is recorded, and nothing else is touched', async () => {
    const client = await clusterClient({ name: 'prod-eu', kubeconfig: { file: kubernetes.posternKubeconfig } })
    const facts = (requestUrl: string) => ({
      ...{ grantId: makeId('grant', new Date(), randomBytes(10)), namespaces: ['payments'], clusterRole: null },
      ...{ rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }], expiresAt: null, requestUrl },
      requester: { email: null, subject: 'x' },
    })
    const [stray, others] = [facts(`${publicUrl}/requests/x`), facts('https://other.example.com/requests/x')]
    for (const manifest of [...grantObjects(stray), ...grantObjects(others)]) await createObject(client, manifest)
    const live = await grantReaches((await aGrant({ request: (await anApprovedRequest()).request })).id, 'active')
    expect(await sweepCluster(currentPolicy().configuration, 'prod-eu', 0)).toBeGreaterThanOrEqual(0)
    expect(await objectsInCluster(stray.grantId)).toEqual([])
    expect(await objectsInCluster(others.grantId)).toHaveLength(3)
    expect(await objectsInCluster(live.id)).toHaveLength(3)
    const events = await db().auditEvent.findMany({ where: { type: 'grant.stray-removed' } })
    const names = events.map(({ data }) => (data as { name: string }).name)
    expect(names.filter((name) => name === objectName(stray.grantId))).toHaveLength(3)
    await kubectl(['delete', 'sa,role,rolebinding', '-A', '-l', `postern.dev/grant=${others.grantId}`])
  })
})

describe('a credential', () => {
  it('is for the holder alone, while the access is active, and its token is stored nowhere', async () => {
    const { holder, lead, request } = await anApprovedRequest()
    const grant = await aGrant({ request })
    await grantReaches(grant.id, 'active')
    await expect(issueCredential(asActor(lead), grant.id)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(issueCredential(asActor(await aPerson()), grant.id)).rejects.toMatchObject({ code: 'not-found' })
    const { token, jti, expiresAt } = await issueCredential(asActor(holder), grant.id)
    expect(await db().credential.findMany({ where: { grantId: grant.id } })).toMatchObject([
      { jti, personId: holder.id },
    ])
    expect(new Date(expiresAt).getTime()).toBeLessThanOrEqual(Date.now() + 3_600_000)
    const tables = await database.asOwner<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    )
    const [, payload = ''] = token.split('.')
    for (const { name } of tables) {
      const rows = await database.asOwner(`SELECT row_to_json(t)::text AS text FROM ${name} t`)
      expect(JSON.stringify(rows), name).not.toContain(payload)
    }
    await releaseGrant(asActor(holder), grant.id)
    await expect(issueCredential(asActor(holder), grant.id)).rejects.toMatchObject({ code: 'conflict' })
    const types = await eventsOf(grant.id)
    expect(types.filter((type) => type === 'credential.refused')).toHaveLength(3)
  })

  it('is refused to a holder who may not ask for it any more', async () => {
    const { holder, request } = await anApprovedRequest()
    const grant = await aGrant({ request })
    await grantReaches(grant.id, 'active')
    await db().person.update({ where: { id: holder.id }, data: { groups: [] } })
    await expect(issueCredential(asActor(holder), grant.id)).rejects.toMatchObject({ code: 'forbidden' })
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
    await stop()
    start()
    await expect
      .poll(async () => (await db().request.findUniqueOrThrow({ where: { id: request.id } })).status, {
        timeout: 15_000,
      })
      .toBe('lapsed')
  })
})
