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

/** Mina is bound to so many roles. */
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

describe('what was read of a cluster', () => {
  test('is what a reader gets, and a new content takes the place of the old one', async () => {
    expect(await readRights(db(), cluster)).toEqual({ rights: null, error: null })
    await saveRights(cluster, rights(1), readAt, 60)
    expect(await bindingsOf()).toBe(1)
    await saveRights(cluster, rights(2), readAt, 60)
    expect(await bindingsOf()).toBe(2)
  })

  test('is parsed once for each content, whichever cluster has it', async () => {
    await saveRights(cluster, rights(3), readAt, 60)
    const first = await readRights(db(), cluster)
    await claimRightsRead('twin')
    await saveRights('twin', rights(3), readAt, 60)
    expect((await readRights(db(), 'twin')).rights).toBe(first.rights)
  })

  test('counts as not known where it cannot be used, and says so instead of failing whoever asked', async () => {
    for (const content of [Buffer.from('no gzip'), gzipSync('no JSON'), gzipSync('{}')]) {
      await saveRights(cluster, rights(100 + content.length), readAt, 60)
      await database.asOwner('UPDATE cluster_rights SET content = $1 WHERE cluster = $2', [content, cluster])
      expect(await readRights(db(), cluster)).toEqual({
        rights: null,
        error: expect.stringContaining('cannot be used'),
      })
    }
  })

  test('is the newer one where somebody wrote between the hash and the content', async () => {
    await saveRights(cluster, rights(6), readAt, 60)
    const sql = `SELECT hash AS "rightsHash", read_at AS "rightsReadAt", error AS "rightsError",
      signature AS "rightsSignature" FROM cluster_rights WHERE cluster = $1`
    const [told] = await database.asOwner<RightsColumns>(sql, [cluster])
    await saveRights(cluster, rights(7), readAt, 60)
    const { rights: seen } = await observedRights(db(), cluster, told as RightsColumns)
    expect(seen?.objectsOf(personIdentity('mina', [])).roleBindings).toHaveLength(7)
  })

  test('stays after an outage, and is forgotten where Postern may not read it any more', async () => {
    await saveRights(cluster, rights(5), readAt, 60)
    await saveRightsError(cluster, 'away', false)
    expect(await bindingsOf()).toBe(5)
    await saveRightsError(cluster, 'forbidden', true)
    expect(await readRights(db(), cluster)).toEqual({ rights: null, error: 'forbidden' })
  })

  test('is not taken from a cluster that has more to say than anybody could keep', async () => {
    const endless = {
      ...rights(0),
      serviceAccounts: { payments: Array.from({ length: 50 }, () => 'x'.repeat(1024 ** 2)) },
    }
    await expect(saveRights(cluster, endless, readAt, 60)).rejects.toThrow(RangeError)
  })
})

test('what a request was judged by is not changed afterwards, by nobody', async () => {
  const { id } = await aRequest()
  await expect(database.asApp(`UPDATE requests SET difference = '{}' WHERE id = $1`, [id])).rejects.toThrow(
    /a submitted request cannot be changed/,
  )
})
