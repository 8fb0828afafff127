import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { closeDatabase, db } from '#lib/adapters/db/client'
import { releaseGrant } from '#lib/operations/release-grant'
import { listClusters } from '#lib/views/list-clusters'
import { createDatabase } from '#local/parts/postgres'
import { testParts } from '#testing/database'
import { eventTypesWhere } from '#testing/events'
import { anActiveGrant, grantReaches, objectsInCluster } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { anActor, asActor } from '#testing/people'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

const stage = await workerBench()
const { sweep } = stage
const findingsOf = (grantId: string) => db().finding.findMany({ where: { grantId } })

type Listed = { items: Array<{ metadata: Record<string, unknown> }> }
/** The objects of a grant as a backup of the cluster contains them. */
async function backup(grantId: string): Promise<Listed> {
  const label = `postern.dev/grant=${grantId}`
  const list = JSON.parse(await kubectl(['get', 'sa,role,rolebinding', '-A', '-l', label, '-o', 'json'])) as Listed
  for (const { metadata } of list.items) {
    for (const key of ['uid', 'resourceVersion', 'creationTimestamp', 'managedFields']) delete metadata[key]
  }
  return list
}

test('T1: one sweep deletes the objects of ended grants that a restored backup of the cluster brought back', async () => {
  const { id, holder } = await anActiveGrant()
  const old = await backup(id)
  await releaseGrant(asActor(holder), id)
  await grantReaches(id, 'ended')
  await kubectl(['create', '-f', '-'], { input: JSON.stringify(old) })
  await sweep()
  await until('they are gone', async () => (await objectsInCluster(id)).length === 0)
  const stray = { kind: 'object-stray', sentence: expect.stringContaining('its grant has ended') }
  expect(await findingsOf(id)).toMatchObject(Array(3).fill(stray))
  await until('the outcome is recorded', async () =>
    (await findingsOf(id)).every(({ outcome }) => outcome === 'removed'),
  )
  expect(await eventTypesWhere({ type: 'grant.stray-deleted', grantId: id })).toHaveLength(3)
})

test('T1: grants that are newer than a restored backup of the database end, and auditors see their objects', async () => {
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
    const older = await anActiveGrant()
    await quietly(() => createDatabase(server, aside, name))
    const newer = await anActiveGrant()
    await quietly(async () => {
      await server.query(`ALTER DATABASE "${name}" RENAME TO "${name}_late"`)
      await server.query(`ALTER DATABASE "${aside}" RENAME TO "${name}"`)
    })
    await sweep()
    await until('they are gone', async () => (await objectsInCluster(newer.id)).length === 0)
    expect(await objectsInCluster(older.id)).toHaveLength(3)
    const found = (await listClusters(await anActor({ roles: ['auditor'] }))).find(({ name: of }) => of === 'prod-eu')
    const its = found?.findings.filter(({ object }) => object.name === newer.name)
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
})

describe('a namespace that is deleted under an active grant', () => {
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

  test('a grant whose namespace was deleted ends, and its note says so', async () => {
    const namespace = await aNamespace()
    const { id } = await anActiveGrant({ namespaces: [namespace, 'payments'] })
    await kubectl(['delete', 'namespace', namespace, '--wait=true'])
    await sweep()
    expect(await grantReaches(id, 'ended')).toMatchObject({
      endedBy: 'failure',
      endNote: `The namespace ${namespace} no longer exists, and the access in it is gone.`,
    })
    expect(await objectsInCluster(id)).toEqual([])
  })

  test('a grant whose namespace was deleted and created again is repaired there', async () => {
    const namespace = await aNamespace()
    const { id } = await anActiveGrant({ namespaces: [namespace] })
    await stage.stop()
    await kubectl(['delete', 'namespace', namespace, '--wait=true'])
    await kubectl(['create', 'namespace', namespace])
    await openToPostern(namespace)
    stage.start()
    await sweep()
    await until('the grant is repaired', async () => {
      const found = await findingsOf(id)
      return found.length === 2 && found.every(({ outcome }) => outcome === 'repaired')
    })
    expect(await objectsInCluster(id)).toHaveLength(3)
    await kubectl(['delete', 'namespace', namespace, '--wait=false'])
  })
})
