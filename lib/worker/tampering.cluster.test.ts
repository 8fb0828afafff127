import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { currentPolicy } from '#lib/adapters/policy/current'
import { objectName } from '#lib/core/grants/names'
import { issueCredential } from '#lib/operations/issue-credential'
import { getGrant } from '#lib/views/get-grant'
import { testParts } from '#testing/database'
import { anApprovedRequest, grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { asActor } from '#testing/people'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { testWorker } from '#testing/worker'
import { sweepCluster } from './sweep.ts'

const stage = await testWorker()
beforeAll(stage.startFirst)
afterEach(stage.start)
afterAll(stage.end)

const sweep = () => sweepCluster(currentPolicy().configuration, 'prod-eu', 0)
const json = async <T>(...args: string[]) => JSON.parse(await kubectl(['get', ...args, '-o', 'json'])) as T
type Shown = { metadata: { uid: string; labels: Record<string, string>; annotations: Record<string, string> } }

async function aLiveGrant(namespaces = ['payments']) {
  const { holder, request } = await anApprovedRequest({ namespaces })
  const { id } = await aGrant({ request })
  await grantReaches(id, 'active')
  return { id, name: objectName(id), holder }
}
const findingsOf = (grantId: string) => db().finding.findMany({ where: { grantId }, orderBy: { id: 'asc' } })
const isPutRight = async (id: string, findings = 1) => {
  await until('it is put right', async () => {
    const found = await findingsOf(id)
    return found.length >= findings && found.every(({ outcome }) => outcome === 'repaired')
  })
  expect(await grantRow(id)).toMatchObject({ status: 'active', attempts: 0, lastError: null })
  expect(await objectsInCluster(id)).toHaveLength(3)
}
const eventsOf = async (grantId: string) =>
  (await db().auditEvent.findMany({ where: { grantId }, orderBy: { seq: 'asc' } })).map(({ type }) => type)
const may = async (subject: string, verb: string, resource: string) =>
  (
    await kubectl(['auth', 'can-i', verb, resource, '-n', 'payments', `--as=${subject}`]).catch(
      (error: { stdout?: string }) => error.stdout ?? '',
    )
  ).trim()
const { server, caFile } = testParts().kubernetes
const whoIs = (token: string) =>
  kubectl(['auth', 'whoami', `--server=${server}`, `--certificate-authority=${caFile}`, `--token=${token}`], {
    kubeconfig: '/dev/null',
  })
/** The API server remembers for ten seconds whom a token named. */
const isDead = (token: string) =>
  until('the token is refused', () =>
    whoIs(token).then(
      () => false,
      (error) => /logged in|Unauthorized/.test(String(error)),
    ),
  )
const userOf = (name: string) => `system:serviceaccount:postern-grants:${name}`

describe('T3: rows and cluster are compared both ways, and what somebody changed by hand is found and put right', () => {
  it.each<[string, string, string[], string]>([
    [
      'a Role made wider',
      'object-changed',
      ['patch', 'role', '--type=json', '-p', '[{"op":"replace","path":"/rules/0/verbs","value":["*"]}]'],
      'has different rules',
    ],
    ['a Role removed', 'object-missing', ['delete', 'role'], 'was deleted'],
    ['a binding removed', 'object-missing', ['delete', 'rolebinding'], 'was deleted'],
    [
      'a binding given to somebody else besides',
      'object-changed',
      [
        'patch',
        'rolebinding',
        '--type=json',
        '-p',
        '[{"op":"add","path":"/subjects/-","value":{"kind":"User","name":"eve","apiGroup":"rbac.authorization.k8s.io"}}]',
      ],
      'has different subjects',
    ],
    [
      'a binding that lost our labels',
      'object-changed',
      ['label', 'rolebinding', 'app.kubernetes.io/managed-by-', 'postern.dev/grant-', 'postern.dev/instance-'],
      'has different labels',
    ],
    [
      'a later end in an annotation',
      'object-changed',
      ['annotate', 'rolebinding', '--overwrite', 'postern.dev/expires-at=2099-01-01T00:00:00Z'],
      'has different annotations',
    ],
    [
      'an end in an annotation that is over',
      'object-changed',
      ['annotate', 'role', '--overwrite', 'postern.dev/expires-at=2001-01-01T00:00:00Z'],
      'has different annotations',
    ],
  ])(
    '%s',
    async (_what, kind, [verb = '', resource = '', ...rest], sentence) => {
      const { id, name } = await aLiveGrant()
      const before = await grantRow(id)
      await kubectl([verb, resource, name, '-n', 'payments', ...rest])
      await sweep()
      await isPutRight(id)
      expect(await findingsOf(id)).toMatchObject([{ kind, times: 1, sentence: expect.stringContaining(sentence) }])
      const types = await eventsOf(id)
      expect(types.filter((type) => type === 'finding.detected')).toHaveLength(1)
      expect(types.filter((type) => type === 'grant.repaired')).toHaveLength(1)
      expect(types.indexOf('finding.detected')).toBeLessThan(types.indexOf('grant.repaired'))
      const after = await grantRow(id)
      expect(after.expiresAt).toEqual(before.expiresAt)
      expect(await may(userOf(name), 'patch', 'deployments')).toBe('yes')
      expect(await may(userOf(name), 'delete', 'deployments')).toBe('no')
      expect(await may('eve', 'patch', 'deployments')).toBe('no')
      // What is on record is what is there, and another sweep finds nothing to do.
      const { items } = await json<{ items: Shown[] }>('sa,role,rolebinding', '-A', '-l', `postern.dev/grant=${id}`)
      expect(items.map(({ metadata }) => metadata.uid).sort()).toEqual(after.objects.map(({ uid }) => uid).sort())
      await sweep()
      expect((await grantRow(id)).nextAttemptAt).toEqual(after.expiresAt)
      expect(await findingsOf(id)).toHaveLength(1)
    },
    60_000,
  )

  it('everything of a live grant is removed: it is all made again, in one go', async () => {
    const { id } = await aLiveGrant()
    await kubectl(['delete', 'sa,role,rolebinding', '-A', '-l', `postern.dev/grant=${id}`])
    await sweep()
    await isPutRight(id, 3)
  })

  it('labels, annotations and other tools’ marks beside ours are no tampering', async () => {
    const { id, name } = await aLiveGrant()
    await kubectl(['label', 'role', name, '-n', 'payments', 'team=payments'])
    await sweep()
    expect((await grantRow(id)).nextAttemptAt).toEqual((await grantRow(id)).expiresAt)
    expect(await findingsOf(id)).toEqual([])
  })
})

describe('T16: a token is dead once its ServiceAccount is another', () => {
  it('deleted: it is made anew, the old token counts nowhere, a new one works, and the old is listed as void', async () => {
    const { id, name, holder } = await aLiveGrant()
    const old = await issueCredential(asActor(holder), id)
    // The cluster has the time to itself: nothing is put right before the old token was seen to work.
    await stage.stop()
    expect(await whoIs(old.token)).toContain(name)
    const oldUid = (await grantRow(id)).objects.find(({ kind }) => kind === 'ServiceAccount')?.uid
    await kubectl(['delete', 'sa', name, '-n', 'postern-grants'])
    stage.start()
    await sweep()
    await isPutRight(id)
    const account = (await grantRow(id)).objects.find(({ kind }) => kind === 'ServiceAccount')
    expect(account?.uid).not.toBe(oldUid)
    await isDead(old.token)
    const fresh = await issueCredential(asActor(holder), id)
    expect(await whoIs(fresh.token)).toContain(name)
    const { credentials: listed } = await getGrant(asActor(holder), id)
    expect(listed.map((one) => [one.jti, one.void])).toEqual([
      [old.jti, true],
      [fresh.jti, false],
    ])
    const credentials = await db().credential.findMany({ where: { grantId: id }, orderBy: { id: 'asc' } })
    expect(credentials.map(({ jti, accountUid }) => [jti, accountUid])).toEqual([
      [old.jti, oldUid],
      [fresh.jti, account?.uid],
    ])
  }, 60_000)

  it('made anew by somebody else under the same name and labels: theirs goes, because they may hold tokens of it', async () => {
    const { id, name } = await aLiveGrant()
    await stage.stop()
    const theirs = await json<Shown & { metadata: Record<string, unknown> }>('sa', name, '-n', 'postern-grants')
    await kubectl(['delete', 'sa', name, '-n', 'postern-grants'])
    for (const key of ['uid', 'resourceVersion', 'creationTimestamp']) delete theirs.metadata[key]
    await kubectl(['create', '-f', '-'], { input: JSON.stringify(theirs) })
    const token = (await kubectl(['create', 'token', name, '-n', 'postern-grants'])).trim()
    expect(await whoIs(token)).toContain(name)
    stage.start()
    await sweep()
    await isPutRight(id)
    expect(await findingsOf(id)).toMatchObject([{ kind: 'object-replaced' }])
    await isDead(token)
  }, 60_000)
})

describe('what cannot be put right ends, loudly', () => {
  it('somebody else’s Role under the grant’s name: it is not adopted, not touched, and the access ends', async () => {
    const { id, name } = await aLiveGrant()
    await kubectl(['delete', 'role', name, '-n', 'payments'])
    await kubectl(['create', 'role', name, '-n', 'payments', '--verb=*', '--resource=secrets'])
    await sweep()
    const ended = await grantReaches(id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'failure', endNote: expect.stringContaining('someone else’s object') })
    expect(await findingsOf(id)).toMatchObject([{ kind: 'object-foreign', outcome: 'access-ended' }])
    expect(await eventsOf(id)).toContain('grant.repair-failed')
    expect(await objectsInCluster(id)).toEqual([])
    expect(await kubectl(['get', 'role', name, '-n', 'payments', '-o', 'name'])).toContain(name)
    expect(await may(userOf(name), 'get', 'secrets')).toBe('no')
    await kubectl(['delete', 'role', name, '-n', 'payments'])
  })
})
