import { describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { userName } from '#lib/core/grants/names'
import { issueCredential } from '#lib/operations/issue-credential'
import { getGrant } from '#lib/views/get-grant'
import { testParts } from '#testing/database'
import { eventTypesWhere } from '#testing/events'
import { anActiveGrant, grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { canI, kubectl } from '#testing/kubectl'
import { asActor } from '#testing/people'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

const { start, stop, sweep } = await workerBench()
const json = async <T>(...args: string[]) => JSON.parse(await kubectl(['get', ...args, '-o', 'json'])) as T
type Shown = { metadata: { uid: string; labels: Record<string, string>; annotations: Record<string, string> } }

const findingsOf = (grantId: string) => db().finding.findMany({ where: { grantId }, orderBy: { id: 'asc' } })
/** The worker repairs the grant, which stays active. */
const expectRepaired = async (id: string, findings = 1) => {
  await until('the grant is repaired', async () => {
    const found = await findingsOf(id)
    return found.length >= findings && found.every(({ outcome }) => outcome === 'repaired')
  })
  expect(await grantRow(id)).toMatchObject({ status: 'active', attempts: 0, lastError: null })
  expect(await objectsInCluster(id)).toHaveLength(3)
}
const { server, caFile } = testParts().kubernetes
const whoIs = (token: string) =>
  kubectl(['auth', 'whoami', `--server=${server}`, `--certificate-authority=${caFile}`, `--token=${token}`], {
    kubeconfig: '/dev/null',
  })
/** NB: the API server caches for ten seconds whom a token names. */
const expectRefused = (token: string) =>
  until('the token is refused', () =>
    whoIs(token).then(
      () => false,
      (error) => /logged in|Unauthorized/.test(String(error)),
    ),
  )

describe('T3: the sweep compares rows and cluster both ways, and the worker repairs what was changed by hand', () => {
  test.each<[string, string, string[], string]>([
    [
      'a Role with wider rules',
      'object-changed',
      ['patch', 'role', '--type=json', '-p', '[{"op":"replace","path":"/rules/0/verbs","value":["*"]}]'],
      'has different rules',
    ],
    ['a deleted Role', 'object-missing', ['delete', 'role'], 'was deleted'],
    ['a deleted RoleBinding', 'object-missing', ['delete', 'rolebinding'], 'was deleted'],
    [
      'a RoleBinding with another subject',
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
      'a RoleBinding without Postern’s labels',
      'object-changed',
      ['label', 'rolebinding', 'app.kubernetes.io/managed-by-', 'postern.dev/grant-', 'postern.dev/instance-'],
      'has different labels',
    ],
    [
      'an annotation with a later end',
      'object-changed',
      ['annotate', 'rolebinding', '--overwrite', 'postern.dev/expires-at=2099-01-01T00:00:00Z'],
      'has different annotations',
    ],
    [
      'an annotation with an end that has passed',
      'object-changed',
      ['annotate', 'role', '--overwrite', 'postern.dev/expires-at=2001-01-01T00:00:00Z'],
      'has different annotations',
    ],
  ])(
    '%s is found and repaired',
    async (_what, kind, [verb = '', resource = '', ...rest], sentence) => {
      const { id, name } = await anActiveGrant()
      const before = await grantRow(id)
      await kubectl([verb, resource, name, '-n', 'payments', ...rest])
      await sweep()
      await expectRepaired(id)
      expect(await findingsOf(id)).toMatchObject([{ kind, times: 1, sentence: expect.stringContaining(sentence) }])
      const types = await eventTypesWhere({ grantId: id })
      expect(types.filter((type) => type === 'finding.detected')).toHaveLength(1)
      expect(types.filter((type) => type === 'grant.repaired')).toHaveLength(1)
      expect(types.indexOf('finding.detected')).toBeLessThan(types.indexOf('grant.repaired'))
      const after = await grantRow(id)
      expect(after.expiresAt).toEqual(before.expiresAt)
      expect(await canI(userName(id), 'patch', 'deployments')).toBe('yes')
      expect(await canI(userName(id), 'delete', 'deployments')).toBe('no')
      expect(await canI('eve', 'patch', 'deployments')).toBe('no')
      // The rows and the cluster agree, and another sweep finds nothing to do.
      const { items } = await json<{ items: Shown[] }>('sa,role,rolebinding', '-A', '-l', `postern.dev/grant=${id}`)
      expect(items.map(({ metadata }) => metadata.uid).sort()).toEqual(after.objects.map(({ uid }) => uid).sort())
      await sweep()
      expect((await grantRow(id)).nextAttemptAt).toEqual(after.expiresAt)
      expect(await findingsOf(id)).toHaveLength(1)
    },
    60_000,
  )

  test('an active grant whose objects were all deleted gets all of them back in one repair', async () => {
    const { id } = await anActiveGrant()
    await kubectl(['delete', 'sa,role,rolebinding', '-A', '-l', `postern.dev/grant=${id}`])
    await sweep()
    await expectRepaired(id, 3)
  })

  test('labels that other tools add to an object are not tampering', async () => {
    const { id, name } = await anActiveGrant()
    await kubectl(['label', 'role', name, '-n', 'payments', 'team=payments'])
    await sweep()
    expect((await grantRow(id)).nextAttemptAt).toEqual((await grantRow(id)).expiresAt)
    expect(await findingsOf(id)).toEqual([])
  })
})

describe('T16: a token is worthless once its ServiceAccount was replaced', () => {
  test('after a ServiceAccount was deleted and created again, its old token is refused and listed as void', async () => {
    const { id, name, holder } = await anActiveGrant()
    const old = await issueCredential(asActor(holder), id)
    // Nothing is repaired before the old token was seen to work.
    await stop()
    expect(await whoIs(old.token)).toContain(name)
    const oldUid = (await grantRow(id)).objects.find(({ kind }) => kind === 'ServiceAccount')?.uid
    await kubectl(['delete', 'sa', name, '-n', 'postern-grants'])
    start()
    await sweep()
    await expectRepaired(id)
    const account = (await grantRow(id)).objects.find(({ kind }) => kind === 'ServiceAccount')
    expect(account?.uid).not.toBe(oldUid)
    await expectRefused(old.token)
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
  })

  test('a ServiceAccount that someone else created under the same name and labels is replaced, because they may hold its tokens', async () => {
    const { id, name } = await anActiveGrant()
    await stop()
    const theirs = await json<Shown & { metadata: Record<string, unknown> }>('sa', name, '-n', 'postern-grants')
    await kubectl(['delete', 'sa', name, '-n', 'postern-grants'])
    for (const key of ['uid', 'resourceVersion', 'creationTimestamp']) delete theirs.metadata[key]
    await kubectl(['create', '-f', '-'], { input: JSON.stringify(theirs) })
    const token = (await kubectl(['create', 'token', name, '-n', 'postern-grants'])).trim()
    expect(await whoIs(token)).toContain(name)
    start()
    await sweep()
    await expectRepaired(id)
    expect(await findingsOf(id)).toMatchObject([{ kind: 'object-replaced' }])
    await expectRefused(token)
  })
})

describe('what cannot be repaired', () => {
  test('a grant whose Role was replaced by a foreign one ends, and the foreign Role is left alone', async () => {
    const { id, name } = await anActiveGrant()
    await kubectl(['delete', 'role', name, '-n', 'payments'])
    await kubectl(['create', 'role', name, '-n', 'payments', '--verb=*', '--resource=secrets'])
    await sweep()
    const ended = await grantReaches(id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'failure', endNote: expect.stringContaining('someone else’s object') })
    expect(await findingsOf(id)).toMatchObject([{ kind: 'object-foreign', outcome: 'access-ended' }])
    expect(await eventTypesWhere({ grantId: id })).toContain('grant.repair-failed')
    expect(await objectsInCluster(id)).toEqual([])
    expect(await kubectl(['get', 'role', name, '-n', 'payments', '-o', 'name'])).toContain(name)
    expect(await canI(userName(id), 'get', 'secrets')).toBe('no')
    await kubectl(['delete', 'role', name, '-n', 'payments'])
  })
})
