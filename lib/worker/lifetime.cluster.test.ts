import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { objectName } from '#lib/core/grants/names'
import { issueCredential } from '#lib/operations/issue-credential'
import { releaseGrant } from '#lib/operations/release-grant'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { anEntitlement } from '#testing/configuration'
import { anApprovedRequest, grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { aPerson, asActor, isNowIn } from '#testing/people'
import { aGrant, aRequest } from '#testing/requests'
import { testWorker } from '#testing/worker'

const stage = await testWorker()
beforeAll(stage.start)
afterEach(stage.start)
afterAll(stage.end)

const scratch = mkdtempSync(join(tmpdir(), 'postern-worker-test-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

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
      ...['grant.intent-recorded', 'grant.object-created', 'grant.active', 'credential.requested', 'credential.issued'],
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
    const tables = await stage.database.asOwner<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    )
    const [, payload = ''] = token.split('.')
    for (const { name } of tables) {
      const rows = await stage.database.asOwner(`SELECT row_to_json(t)::text AS text FROM ${name} t`)
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
    await isNowIn(holder, [])
    await expect(issueCredential(asActor(holder), grant.id)).rejects.toMatchObject({ code: 'forbidden' })
  })
})
