import { gzipSync } from 'node:zlib'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import type { ClusterRights } from '#lib/core/rbac/cluster-rights'
import { personIdentity } from '#lib/core/rbac/identity'
import { testDatabase } from '#testing/database'
import { aRequest } from '#testing/requests'
import {
  claimRightsRead,
  observedRights,
  type RightsColumns,
  readRights,
  saveRights,
  saveRightsError,
} from './cluster-rights.ts'

const database = await testDatabase()
afterAll(database.drop)

let cluster = ''
let count = 0
const readAt = new Date('2026-11-23T10:00:00Z')

/** Rights in which Mina has this many bindings. */
const rights = (bindings: number): ClusterRights => ({
  objects: {
    ...{ roles: [], clusterRoles: [], clusterRoleBindings: [] },
    roleBindings: Array.from({ length: bindings }, (_, n) => ({
      metadata: { namespace: 'payments', name: `b${n}` },
      roleRef: { kind: 'Role', name: 'r' },
      subjects: [{ kind: 'User', name: 'mina' }],
    })),
  },
  ...{ served: null, serviceAccounts: null },
})
const bindingsOf = async () =>
  (await readRights(db(), cluster)).rights?.objectsOf(personIdentity('mina', [])).roleBindings.length
beforeEach(async () => {
  count += 1
  cluster = `cluster-${count}`
  await claimRightsRead(cluster)
})

describe('the stored rights of a cluster', () => {
  test('saved rights can be read, and new ones replace them', async () => {
    expect(await readRights(db(), cluster)).toEqual({ rights: null, error: null })
    await saveRights(cluster, rights(1), readAt, 60)
    expect(await bindingsOf()).toBe(1)
    await saveRights(cluster, rights(2), readAt, 60)
    expect(await bindingsOf()).toBe(2)
  })

  test('equal rights are parsed once, even for two clusters', async () => {
    await saveRights(cluster, rights(3), readAt, 60)
    const first = await readRights(db(), cluster)
    await claimRightsRead('twin')
    await saveRights('twin', rights(3), readAt, 60)
    expect((await readRights(db(), 'twin')).rights).toBe(first.rights)
  })

  test('unusable content counts as unknown with a reason, and does not fail the caller', async () => {
    for (const content of [Buffer.from('no gzip'), gzipSync('no JSON'), gzipSync('{}')]) {
      await saveRights(cluster, rights(100 + content.length), readAt, 60)
      await database.asOwner('UPDATE cluster_rights SET content = $1 WHERE cluster = $2', [content, cluster])
      expect(await readRights(db(), cluster)).toEqual({
        rights: null,
        error: expect.stringContaining('can’t be used'),
      })
    }
  })

  test('rights that are replaced between reading the hash and the content are the newer ones', async () => {
    await saveRights(cluster, rights(6), readAt, 60)
    const sql = `SELECT hash AS "rightsHash", read_at AS "rightsReadAt", error AS "rightsError",
      signature AS "rightsSignature" FROM cluster_rights WHERE cluster = $1`
    const [columns] = await database.asOwner<RightsColumns>(sql, [cluster])
    await saveRights(cluster, rights(7), readAt, 60)
    const { rights: newer } = await observedRights(db(), cluster, columns as RightsColumns)
    expect(newer?.objectsOf(personIdentity('mina', [])).roleBindings).toHaveLength(7)
  })

  test('rights are kept during an outage, and deleted when Postern may no longer read them', async () => {
    await saveRights(cluster, rights(5), readAt, 60)
    await saveRightsError(cluster, 'unreachable', false)
    expect(await bindingsOf()).toBe(5)
    await saveRightsError(cluster, 'forbidden', true)
    expect(await readRights(db(), cluster)).toEqual({ rights: null, error: 'forbidden' })
  })

  test('rights that are too large are not saved', async () => {
    const endless = {
      ...rights(0),
      serviceAccounts: { payments: Array.from({ length: 50 }, () => 'x'.repeat(1024 ** 2)) },
    }
    await expect(saveRights(cluster, endless, readAt, 60)).rejects.toThrow(RangeError)
  })
})

test('the recorded facts of a submitted request cannot be changed', async () => {
  const { id } = await aRequest()
  await expect(database.asApp(`UPDATE requests SET difference = '{}' WHERE id = $1`, [id])).rejects.toThrow(
    /a submitted request cannot be changed/,
  )
})
