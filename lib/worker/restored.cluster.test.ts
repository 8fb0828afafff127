import { execFile as execFileOf } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { closeDatabase, db } from '#lib/adapters/db/client'
import { releaseGrant } from '#lib/operations/release-grant'
import { listClusters } from '#lib/views/list-clusters'
import { ownPostgres } from '#local/chaos/own-postgres'
import { createDatabase, openClient, refuseLargeObjects } from '#local/parts/postgres'
import { systemPostgres } from '#local/parts/system-postgres'
import { checkout } from '#local/processes/places'
import { openRun } from '#local/processes/processes'
import { testParts } from '#testing/database'
import { eventTypesWhere } from '#testing/events'
import { anActiveGrant, anApprovedRequest, grantReaches, objectsInCluster } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { anActor, asActor } from '#testing/people'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

const execFile = promisify(execFileOf)
// The programs that `pg_dump` comes with, because it refuses the data of a newer server than itself.
const programs = systemPostgres()
if (programs) {
  const run = await openRun({ name: 'restored' })
  await ownPostgres(run, {}, programs)
  afterAll(run.stop)
} else process.stderr.write('NOT CHECKED: a restored pg_dump. This machine has no PostgreSQL of Debian.\n')

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

/** The statements of *Backup and restore* in docs/runbook.md. */
function runbookStatements(): string {
  const runbook = readFileSync(join(checkout, 'docs/runbook.md'), 'utf8')
  const [, section = ''] = runbook.split('\n## Backup and restore\n')
  const [, fenced = ''] = section.split('\n## ')[0]?.split('```sql') ?? []
  return fenced.split('```')[0] ?? ''
}

/** Without `pg_dump`, a copy of the database stands for the dump. */
const backUp = (server: pg.Client, dump: string, name: string) =>
  programs
    ? execFile(programs.dump, ['--format=custom', '--file', dump, stage.database.ownerUrl])
    : createDatabase(server, `${name}_aside`, name)

/** As docs/runbook.md says: into a new database, which then has the name of the old one. */
async function restore(server: pg.Client, dump: string, name: string) {
  await server.query(`ALTER DATABASE "${name}" RENAME TO "${name}_late"`)
  if (programs) {
    await createDatabase(server, name)
    await execFile(programs.restore, ['--exit-on-error', '--dbname', stage.database.ownerUrl, dump])
    // Not earlier: the dump has this statement too, for which its owner then lacks the permission.
    await refuseLargeObjects(stage.database.adminUrl)
  } else await server.query(`ALTER DATABASE "${name}_aside" RENAME TO "${name}"`)
  await server.query(`REVOKE TEMPORARY ON DATABASE "${name}" FROM PUBLIC`)
  await stage.database.asOwner(runbookStatements())
}

test('T1: a restored backup of the database grants nothing again, and the access that it does not know is removed and shown', async () => {
  const { name } = stage.database
  const server = openClient(testParts().postgres.adminUrl)
  await server.connect()
  const folder = mkdtempSync(join(tmpdir(), 'postern-dump-'))
  const quietly = async (change: () => Promise<unknown>) => {
    await stage.stop()
    await closeDatabase()
    await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE $1', [`${name}%`])
    await change()
    stage.start()
  }
  try {
    const older = await anActiveGrant()
    const endedSince = await anActiveGrant()
    const scheduled = await anApprovedRequest({ startsAt: new Date(Date.now() + 3_600_000) })
    const { id: scheduledId } = await aGrant({ request: scheduled.request })
    const created = async (id: string) => {
      const all = await eventTypesWhere({ grantId: id })
      return all.filter((type) => ['grant.object-created', 'grant.repaired', 'grant.active'].includes(type)).length
    }
    const before = await created(endedSince.id)
    const expiresAt = new Date(Date.now() + 3_600_000)
    await db().session.create({ data: { id: randomBytes(8).toString('hex'), personId: older.holder.id, expiresAt } })
    const dump = join(folder, 'postern.dump')
    await quietly(() => backUp(server, dump, name))

    await releaseGrant(asActor(endedSince.holder), endedSince.id)
    await grantReaches(endedSince.id, 'ended')
    await releaseGrant(asActor(scheduled.holder), scheduledId)
    await grantReaches(scheduledId, 'ended')
    const newer = await anActiveGrant()
    await quietly(() => restore(server, dump, name))

    expect(
      (await db().grant.findMany({ where: { status: { in: ['pending', 'active'] } } })).map(({ id }) => id),
    ).toEqual([])
    await sweep()
    await until('the unknown access is gone', async () => (await objectsInCluster(newer.id)).length === 0)
    for (const id of [older.id, endedSince.id, scheduledId]) {
      const { endedBy, endNote } = await grantReaches(id, 'ended')
      expect([endedBy, endNote]).toEqual(['failure', 'The database was restored from a backup.'])
      expect(await objectsInCluster(id)).toEqual([])
    }
    expect(await created(endedSince.id)).toBe(before)
    expect(await created(scheduledId)).toBe(0)
    expect(await db().session.count()).toBe(0)
    const found = (await listClusters(await anActor({ roles: ['auditor'] }))).find(({ name: of }) => of === 'prod-eu')
    const its = found?.findings.filter(({ object }) => object.name === newer.name)
    expect(its?.map(({ kind, sentence }) => [kind, sentence.includes('no grant has this id')])).toEqual(
      Array(3).fill(['object-stray', true]),
    )
    const [others] = await listClusters(await anActor())
    expect(others?.findings).toEqual([])
    // The restored database is as well guarded as a new one.
    await expect(stage.database.asApp('CREATE TEMPORARY TABLE aside ()')).rejects.toThrow(/permission denied/)
    await expect(stage.database.asApp('SELECT lo_create(0)')).rejects.toThrow(/permission denied/)
    await expect(stage.database.asApp('DELETE FROM audit_events')).rejects.toThrow(/permission denied/)
  } finally {
    await stage.stop()
    await server.query(`DROP DATABASE IF EXISTS "${name}_late" WITH (FORCE)`)
    await server.end()
    rmSync(folder, { recursive: true })
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
