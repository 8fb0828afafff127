import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import type { Person } from '#lib/core/access/actor'
import type { Probes } from '#lib/core/access/probe-resource'
import { userName } from '#lib/core/grants/names'
import { issueCredential } from '#lib/operations/issue-credential'
import { releaseGrant } from '#lib/operations/release-grant'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { anEntitlement } from '#testing/configuration'
import { eventTypesWhere } from '#testing/events'
import { anActiveGrant, grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { canI, kubectl } from '#testing/kubectl'
import { aNamespace, deleteNamespace } from '#testing/namespace'
import { credentialsFrom, waysToCredential } from '#testing/orders'
import { aPerson, asActor, isNowIn } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aGrant, aRequest } from '#testing/requests'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

const { database, start, stop } = await workerBench()
const scratch = mkdtempSync(join(tmpdir(), 'postern-worker-test-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const allowedBy = (probes: unknown) => (probes as Probes).results.filter(({ allowed }) => allowed)

describe('promise 5 and 6: active means it works, ended means it is over', () => {
  test('kubectl works with an active grant, and no longer works once the grant was revoked', async () => {
    const { id, holder, lead, request, grant } = await anActiveGrant({ namespaces: ['payments', 'checkout'] })
    expect(grant.expiresAt?.getTime()).toBe((grant.activatedAt?.getTime() ?? 0) + request.durationSeconds * 1000)
    expect(grant.objects.map(({ uid, createdAt }) => uid !== null && createdAt !== null)).toEqual(Array(5).fill(true))
    expect(allowedBy(grant.allowedProbes)).toContainEqual({
      ...{ namespace: 'checkout', verb: 'patch', group: 'apps', resource: 'deployments' },
      ...{ subresource: '', name: '', allowed: true },
    })

    const issued = await issueCredential(asActor(holder), id)
    const kubeconfig = join(scratch, 'kubeconfig')
    writeFileSync(kubeconfig, issued.kubeconfig, { mode: 0o600 })
    const list = () => kubectl(['get', 'deployments', '-o', 'name'], { kubeconfig })
    expect(await list()).toContain('deployment.apps/payments-api')
    await expect(kubectl(['get', 'secrets'], { kubeconfig })).rejects.toThrow(/forbidden/i)

    await revokeGrant(asActor(lead), id, { reason: 'enough' })
    const ended = await grantReaches(id, 'ended')
    await expect(list()).rejects.toThrow(/forbidden|unauthorized|logged in/i)
    expect(await canI(userName(id), 'patch', 'deployments.apps')).toBe('no')
    expect(await objectsInCluster(id)).toEqual([])
    expect(ended).toMatchObject({ endedBy: 'revocation', endNote: 'enough', lastError: null, nextAttemptAt: null })
    expect(ended.objects.filter(({ removedAt }) => removedAt === null)).toEqual([])
    expect((ended.deniedProbes as Probes).results).toHaveLength(8)
    expect(allowedBy(ended.deniedProbes)).toEqual([])
    const types = await eventTypesWhere({ grantId: id })
    expect([...new Set(types)]).toEqual([
      ...['grant.intent-recorded', 'grant.object-created', 'grant.active', 'credential.requested', 'credential.issued'],
      ...['grant.ending', 'grant.object-deleted', 'grant.ended'],
    ])
    expect(types.filter((type) => type === 'grant.object-deleted')).toHaveLength(5)
  })

  test('access past its end is ended without anyone asking for it, and not only at the next sweep', async () => {
    /** Whether the worker can't have swept again meanwhile: its next sweep comes fifteen seconds after its start. */
    async function endsBeforeNextSweep() {
      const { id } = await anActiveGrant()
      await stop()
      const startedAt = Date.now()
      start()
      // The end is moved forward, which is the only direction in which the database lets it move.
      const soon = new Date(Date.now() + 2_000)
      await db().grant.update({ where: { id }, data: { expiresAt: soon, nextAttemptAt: soon } })
      await db().$executeRaw`SELECT pg_notify('postern_grant', ${id})`
      const { endedBy, endedAt, endingAt } = await grantReaches(id, 'ended')
      expect(endedBy).toBe('expiry')
      expect(endedAt?.getTime()).toBeGreaterThanOrEqual(soon.getTime())
      expect(await canI(userName(id), 'patch', 'deployments.apps')).toBe('no')
      return (endingAt?.getTime() ?? 0) < startedAt + 15_000
    }
    // A busy machine may need longer. A worker that waits for its sweep is never in time.
    await until('access ends before the next sweep', endsBeforeNextSweep)
  })

  test('what every ServiceAccount may do does not keep a grant from ending, and is shown with its probes', async () => {
    const namespace = await aNamespace()
    const name = `everyone-${randomBytes(4).toString('hex')}`
    await kubectl(['create', 'role', name, '-n', namespace, '--verb=list', '--resource=deployments.apps'])
    await kubectl(['create', 'rolebinding', name, '-n', namespace, `--role=${name}`, '--group=system:authenticated'])
    const { id, holder } = await anActiveGrant({ namespaces: [namespace] })
    await releaseGrant(asActor(holder), id)
    const { deniedProbes } = await grantReaches(id, 'ended')
    expect(allowedBy(deniedProbes).map(({ verb }) => verb)).toEqual(['list'])
    await deleteNamespace(namespace)
  })

  test('a binding that someone else made for the grant’s ServiceAccount keeps the grant ending until it is gone', async () => {
    const { id, name, holder } = await anActiveGrant()
    const binding = `sneaky-${randomBytes(4).toString('hex')}`
    const subject = `--serviceaccount=postern-grants:${name}`
    await kubectl(['create', 'rolebinding', binding, '-n', 'payments', '--clusterrole=edit', subject])
    await releaseGrant(asActor(holder), id)
    await expect
      .poll(async () => (await grantRow(id)).lastError, { timeout: 60_000, interval: 100 })
      .toMatch(/still allows this ServiceAccount to .*deployments.* in payments/)
    expect((await grantRow(id)).status).toBe('ending')
    await kubectl(['delete', 'rolebinding', binding, '-n', 'payments'])
    await grantReaches(id, 'ended')
  })

  test('a grant of a vetted ClusterRole binds that role, and works', async () => {
    const entitlement = anEntitlement({ name: 'look-around', clusterRole: 'view', approvals: [] })
    const view = JSON.parse(await kubectl(['get', 'clusterrole', 'view', '-o', 'json'])) as { rules: never[] }
    const request = await aRequest({ requester: await aPerson(), entitlement, rules: view.rules, status: 'approved' })
    const { id, objects } = await grantReaches((await aGrant({ request })).id, 'active')
    expect(await canI(userName(id), 'list', 'pods')).toBe('yes')
    expect(objects.map(({ kind }) => kind).sort()).toEqual(['RoleBinding', 'ServiceAccount'])
  })
})

describe.each(waysToCredential)('credentials from %s', (way) => {
  const issue = (person: Person, id: string) => credentialsFrom(way, () => issueCredential(asActor(person), id))

  test('only the holder gets a credential, only while the grant is active, and its token is stored nowhere', async () => {
    const { id, holder, lead } = await anActiveGrant()
    const refusalOf = async (person: Person) => (await rejectionOf(issue(person, id))).code
    expect(await refusalOf(lead)).toBe('forbidden')
    expect(await refusalOf(await aPerson())).toBe('not-found')
    const { token, jti, expiresAt } = await issue(holder, id)
    expect(await db().credential.findMany({ where: { grantId: id } })).toMatchObject([{ jti, personId: holder.id }])
    expect(new Date(expiresAt).getTime()).toBeLessThanOrEqual(Date.now() + 3_600_000)
    const tables = await database.asOwner<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    )
    const [, payload = ''] = token.split('.')
    for (const { name } of tables) {
      const rows = await database.asOwner(`SELECT row_to_json(t)::text AS text FROM ${name} t`)
      expect(JSON.stringify(rows), name).not.toContain(payload)
    }
    await releaseGrant(asActor(holder), id)
    expect(await refusalOf(holder)).toBe('conflict')
    expect(await eventTypesWhere({ grantId: id, type: 'credential.refused' })).toHaveLength(3)
  })

  test('a holder who is no longer eligible gets no credential', async () => {
    const { id, holder } = await anActiveGrant()
    await isNowIn(holder, [])
    expect(await rejectionOf(issue(holder, id))).toMatchObject({ code: 'forbidden' })
  })
})
