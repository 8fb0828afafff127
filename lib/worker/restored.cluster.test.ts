import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { closeDatabase, db } from '#lib/adapters/db/client'
import { currentPolicy } from '#lib/adapters/policy/current'
import { objectName } from '#lib/core/grants/names'
import { releaseGrant } from '#lib/operations/release-grant'
import { listClusters } from '#lib/views/list-clusters'
import { createDatabase } from '#local/parts/postgres'
import { testParts } from '#testing/database'
import { anApprovedRequest, grantReaches, objectsInCluster } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { anActor, asActor } from '#testing/people'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { testWorker } from '#testing/worker'
import { sweepCluster } from './sweep.ts'

const stage = await testWorker()
beforeAll(stage.startFirst)
afterEach(stage.start)
afterAll(stage.end)

const sweep = () => sweepCluster(currentPolicy().configuration, 'prod-eu', 0)
async function aLiveGrant(overrides: Parameters<typeof anApprovedRequest>[0] = {}) {
  const { holder, request } = await anApprovedRequest(overrides)
  const { id } = await aGrant({ request })
  await grantReaches(id, 'active')
  return { id, holder }
}
const findingsOf = (grantId: string) => db().finding.findMany({ where: { grantId } })

type Listed = { items: Array<{ metadata: Record<string, unknown> }> }
/** Everything of a grant, as a backup holds it. */
async function backup(grantId: string): Promise<Listed> {
  const label = `postern.dev/grant=${grantId}`
  const list = JSON.parse(await kubectl(['get', 'sa,role,rolebinding', '-A', '-l', label, '-o', 'json'])) as Listed
  for (const { metadata } of list.items) {
    for (const key of ['uid', 'resourceVersion', 'creationTimestamp', 'managedFields']) delete metadata[key]
  }
  return list
}

it('T1: a cluster that is restored from an old backup brings ended grants back, and one sweep ends them', async () => {
  const { id, holder } = await aLiveGrant()
  const old = await backup(id)
  await releaseGrant(asActor(holder), id)
  await grantReaches(id, 'ended')
  await kubectl(['create', '-f', '-'], { input: JSON.stringify(old) })
  await sweep()
  await until('they are gone', async () => (await objectsInCluster(id)).length === 0)
  const found = await findingsOf(id)
  expect(found).toHaveLength(3)
  for (const finding of found) {
    expect(finding).toMatchObject({ kind: 'object-stray', sentence: expect.stringContaining('its grant has ended') })
  }
  await until('what came of it is told', async () =>
    (await findingsOf(id)).every(({ outcome }) => outcome === 'removed'),
  )
  expect(await db().auditEvent.count({ where: { type: 'grant.stray-removed', grantId: id } })).toBe(3)
}, 60_000)

it('T1: a database that is restored from an old backup knows nothing of newer grants: they end, and auditors see them', async () => {
  const { postgres } = testParts()
  const { name } = stage.database
  const aside = `${name}_aside`
  const server = new pg.Client({ connectionString: postgres.adminUrl })
  await server.connect()
  const quietly = async (change: () => Promise<unknown>) => {
    await stage.stop()
    await closeDatabase()
    await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE $1', [`${name}%`])
    await change()
    stage.start()
  }
  try {
    const older = await aLiveGrant()
    await quietly(() => createDatabase(server, aside, name))
    const newer = await aLiveGrant()
    await quietly(async () => {
      await server.query(`ALTER DATABASE "${name}" RENAME TO "${name}_late"`)
      await server.query(`ALTER DATABASE "${aside}" RENAME TO "${name}"`)
    })
    await sweep()
    await until('they are gone', async () => (await objectsInCluster(newer.id)).length === 0)
    expect(await objectsInCluster(older.id)).toHaveLength(3)
    const found = (await listClusters(await anActor({ roles: ['auditor'] }))).find(({ name: of }) => of === 'prod-eu')
    const its = found?.findings.filter(({ object }) => object.name === objectName(newer.id))
    expect(its?.map(({ kind, sentence }) => [kind, sentence.includes('no grant has this id')])).toEqual(
      Array(3).fill(['object-stray', true]),
    )
    const [others] = await listClusters(await anActor())
    expect(others?.findings).toEqual([])
  } finally {
    await stage.stop()
    await server.query(`DROP DATABASE IF EXISTS "${name}_late" WITH (FORCE)`)
    await server.end()
  }
}, 90_000)

describe('a namespace that goes away under a live grant', () => {
  const aNamespace = async () => {
    const name = `checkout-${randomBytes(3).toString('hex')}`
    await kubectl(['create', 'namespace', name])
    await openToPostern(name)
    return name
  }
  const openToPostern = (name: string) =>
    kubectl([
      ...['create', 'rolebinding', 'postern-granter', '-n', name, '--clusterrole=postern-granter'],
      '--serviceaccount=postern-system:postern',
    ])

  it('ends the grant, with the reason', async () => {
    const namespace = await aNamespace()
    const { id } = await aLiveGrant({ namespaces: [namespace, 'payments'] })
    await kubectl(['delete', 'namespace', namespace, '--wait=true'])
    await sweep()
    expect(await grantReaches(id, 'ended', 40_000)).toMatchObject({
      endedBy: 'failure',
      endNote: `The namespace ${namespace} is gone, and with it what the access had there.`,
    })
    expect(await objectsInCluster(id)).toEqual([])
  }, 90_000)

  it('and is made again: the access is put right there', async () => {
    const namespace = await aNamespace()
    const { id } = await aLiveGrant({ namespaces: [namespace] })
    await stage.stop()
    await kubectl(['delete', 'namespace', namespace, '--wait=true'])
    await kubectl(['create', 'namespace', namespace])
    await openToPostern(namespace)
    stage.start()
    await sweep()
    await until('it is put right', async () => {
      const found = await findingsOf(id)
      return found.length === 2 && found.every(({ outcome }) => outcome === 'repaired')
    })
    expect(await objectsInCluster(id)).toHaveLength(3)
    await kubectl(['delete', 'namespace', namespace, '--wait=false'])
  }, 90_000)
})
