import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { sqlStateOf } from '#lib/adapters/db/errors'
import type { ObjectKey } from '#lib/core/grants/manifests'
import { issueCredential } from '#lib/operations/issue-credential'
import { releaseGrant } from '#lib/operations/release-grant'
import { getGrant } from '#lib/views/get-grant'
import { getRequest } from '#lib/views/get-request'
import { eventsWhere, eventTypesWhere, rejectedRecords } from '#testing/events'
import { anActiveGrant, grantReaches, grantRow, objectsAreGone, objectsInCluster } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { asActor } from '#testing/people'
import { deploymentsIn, statusFor } from '#testing/token'
import { hangDeletion } from '#testing/undeletable'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

// An intruder with plain SQL as the application's role tries to keep access past its end, unseen: they write ends,
// findings, deletions and due times. Asserted on the cluster, on the page and on the history.

const stage = await workerBench()
const { start, stop, sweep } = stage
const sql = (text: string, values: unknown[] = []) => stage.database.asApp(text, values)
const refusalOf = (text: string, values: unknown[] = []) => sql(text, values).then(() => 'allowed', sqlStateOf)

const intruders: pg.Client[] = []
afterEach(async () => {
  await Promise.all(intruders.splice(0).map((intruder) => intruder.end()))
})
/** A connection of the intruder's own, whose transaction stays open until the test ends. */
async function anIntruder(): Promise<pg.Client> {
  const intruder = new pg.Client({ connectionString: stage.database.appUrl })
  await intruder.connect()
  intruders.push(intruder)
  return intruder
}

/** Moves an active grant to `ended` in one transaction, so that no worker sees it ending. */
async function writeEnd(grantId: string, columns: Record<string, unknown> = {}) {
  const intruder = await anIntruder()
  await intruder.query('BEGIN')
  await intruder.query(
    `UPDATE grants SET status = 'ending', ending_at = now(), ended_by = 'expiry', next_attempt_at = now() WHERE id = $1`,
    [grantId],
  )
  const set = Object.keys(columns).map((column, index) => `, ${column} = $${index + 2}`)
  await intruder.query(
    `UPDATE grants SET status = 'ended', ended_at = now(), next_attempt_at = NULL${set.join('')} WHERE id = $1`,
    [grantId, ...Object.values(columns)],
  )
  await intruder.query('COMMIT')
}

/** Writes that the objects of a grant were found and dealt with a moment ago. */
async function writeFindings(grantId: string) {
  await sql(
    `INSERT INTO findings (id, kind, cluster, grant_id, object_kind, namespace, name, uid, sentence, resolved_at, outcome)
     SELECT 'fnd_' || md5(random()::text), 'object-stray', cluster, grant_id, kind, namespace, name, uid, 'x', now(), 'removed'
     FROM grant_objects WHERE grant_id = $1`,
    [grantId],
  )
}

const aSignature = () => `v1.${randomBytes(6).toString('hex')}.${randomBytes(32).toString('base64url')}`
const strayKinds = async (grantId: string) =>
  (await eventsWhere({ grantId, type: 'grant.stray-deleted' })).map(({ data }) => (data as ObjectKey).kind).sort()
const allKinds = ['Role', 'RoleBinding', 'ServiceAccount']

describe('an end that no worker signed', () => {
  test('a written end with written findings is shown as ending, found, rejected, and followed by a real end', async () => {
    const { id, holder } = await anActiveGrant()
    const { token } = await issueCredential(asActor(holder), id)
    await stop()
    await writeEnd(id, { denied_probes: JSON.stringify({ at: new Date().toISOString(), results: [] }) })
    await writeFindings(id)
    // The access still works, and the page does not say otherwise.
    expect(await statusFor(token, deploymentsIn('payments'))).toBe(200)
    const shown = await getGrant(asActor(holder), id)
    expect(shown).toMatchObject({ status: 'ending', endedAt: null, deniedProbes: null })
    expect(shown.lastError).toBe('The end of this access has no signature: Postern did not write it.')
    const { requestId } = await grantRow(id)
    expect((await getRequest(asActor(holder), requestId)).grant?.status).toBe('ending')

    await sweep()
    expect(await objectsInCluster(id)).toEqual([])
    expect(await rejectedRecords({ grantId: id })).toEqual(['end missing'])
    expect(await strayKinds(id)).toEqual(allKinds)
    start()
    const ended = await grantReaches(id, 'ended')
    expect(ended.endSignature).toMatch(/^v1\./)
    expect((await getGrant(asActor(holder), id)).status).toBe('ended')
    await until('the token is refused', async () => (await statusFor(token, deploymentsIn('payments'))) === 401)
    expect(await eventTypesWhere({ requestId })).toEqual(
      expect.arrayContaining(['record.rejected', 'grant.stray-deleted', 'grant.ended']),
    )
  })

  test('a written end is a finding and an event while the objects exist', async () => {
    const { id } = await anActiveGrant()
    await writeEnd(id)
    await sweep()
    const sentence = expect.stringContaining('its grant is recorded as ended, but Postern did not end it')
    const findings = await db().finding.findMany({ where: { grantId: id } })
    expect(findings).toMatchObject(Array(3).fill({ kind: 'object-stray', sentence }))
    expect(await eventTypesWhere({ grantId: id, type: 'finding.detected' })).toHaveLength(3)
  })

  test('a written end is rejected even while no object can be deleted', async () => {
    const { id, name } = await anActiveGrant()
    await stop()
    const binding: ObjectKey = { kind: 'RoleBinding', namespace: 'payments', name }
    await kubectl(['delete', 'sa,role', '-A', '-l', `postern.dev/grant=${id}`])
    const respond = await hangDeletion(binding)
    try {
      await writeEnd(id)
      await expect(sweep()).rejects.toThrow('did not respond within 10 seconds')
      expect(await rejectedRecords({ grantId: id })).toEqual(['end missing'])
      expect((await grantRow(id)).status).toBe('ending')
    } finally {
      await respond()
    }
    start()
    await grantReaches(id, 'ended')
  })

  /** The signature of an end that a worker signed, of another grant. */
  async function anotherEnd() {
    const { id, holder } = await anActiveGrant()
    await releaseGrant(asActor(holder), id)
    return (await grantReaches(id, 'ended')).endSignature
  }

  test.each<[string, (own: string | null) => Promise<string | null>, string]>([
    ['no signature', async () => null, 'missing'],
    ['text that is no signature', async () => 'signed', 'mismatch'],
    ['the signature of its own activation', async (own) => own, 'mismatch'],
    ['the signature of another grant’s end', anotherEnd, 'mismatch'],
    ['a made-up signature of an unknown key', async () => aSignature(), 'unknown-key'],
  ])('an end with %s is rejected', async (_what, signature, code) => {
    const { id, grant } = await anActiveGrant()
    const written = await signature(grant.signature)
    await stop()
    await writeEnd(id, { end_signature: written })
    await sweep()
    expect(await objectsInCluster(id)).toEqual([])
    expect(await rejectedRecords({ grantId: id })).toEqual([`end ${code}`])
    start()
    await grantReaches(id, 'ended')
  })

  test('a written end without any object left is found by the next sweep too', async () => {
    const { id, holder } = await anActiveGrant()
    await sweep()
    await stop()
    await kubectl(['delete', 'sa,role,rolebinding', '-A', '-l', `postern.dev/grant=${id}`])
    await writeEnd(id)
    await sweep()
    expect(await rejectedRecords({ grantId: id })).toEqual(['end missing'])
    start()
    await grantReaches(id, 'ended')
    expect((await getGrant(asActor(holder), id)).status).toBe('ended')
  })

  test('a recorded end can be neither dated back nor changed', async () => {
    const { id, holder } = await anActiveGrant()
    const dated = `status = 'ending', ending_at = now(), ended_by = 'expiry', next_attempt_at = now()`
    await releaseGrant(asActor(holder), id)
    await grantReaches(id, 'ended')
    expect(await refusalOf(`UPDATE grants SET ended_at = now() - interval '2 days' WHERE id = $1`, [id])).toBe('23514')
    expect(await refusalOf(`UPDATE grants SET end_signature = NULL WHERE id = $1`, [id])).toBe('23514')
    const other = await anActiveGrant()
    await stop()
    await sql(`UPDATE grants SET ${dated} WHERE id = $1`, [other.id])
    const back = `status = 'ended', ended_at = now() - interval '2 days', next_attempt_at = NULL`
    expect(await refusalOf(`UPDATE grants SET ${back} WHERE id = $1`, [other.id])).toBe('23514')
    start()
    await grantReaches(other.id, 'ended')
  })
})

describe('objects that the database calls something else', () => {
  test('objects that were written off as deleted are deleted when the access ends', async () => {
    const { id, holder } = await anActiveGrant()
    await sql(`UPDATE grant_objects SET removed_at = now() - interval '1 hour' WHERE grant_id = $1`, [id])
    await releaseGrant(asActor(holder), id)
    await grantReaches(id, 'ended')
    expect(await objectsInCluster(id)).toEqual([])
    expect(await eventTypesWhere({ grantId: id, type: 'grant.object-deleted' })).toHaveLength(3)
  })

  test('the rows of a grant’s objects cannot become rows of other objects', async () => {
    const { id } = await anActiveGrant()
    for (const change of [`name = 'other'`, `namespace = 'other'`, `cluster = 'other'`, `kind = 'Other'`]) {
      expect(await refusalOf(`UPDATE grant_objects SET ${change} WHERE grant_id = $1`, [id]), change).toBe('23514')
    }
  })

  test('rows of objects that cannot exist do not keep access from ending', async () => {
    const { id, name, holder } = await anActiveGrant()
    const insert = `INSERT INTO grant_objects (grant_id, cluster, kind, namespace, name) VALUES ($1, 'prod-eu', $2, $3, $4)`
    await sql(insert, [id, 'Secret', 'payments', name])
    await sql(insert, [id, 'Role', '../../nodes', name])
    await sql(insert, [id, 'Role', 'kube-system', name])
    await releaseGrant(asActor(holder), id)
    await grantReaches(id, 'ended')
    expect(await objectsInCluster(id)).toEqual([])
  })
})

describe('an end that is held up', () => {
  /** As if the grant had expired three minutes ago, and ever since the intruder holds up its end. */
  async function heldUp(id: string) {
    const hold = async () => {
      const held = `next_attempt_at = now() + interval '50 seconds', lease_until = now() + interval '50 seconds', leased_by = 'x'`
      await sql(`UPDATE grants SET ${held} WHERE id = $1 AND status <> 'ended'`, [id])
    }
    await sql(`UPDATE grants SET expires_at = now() - interval '3 minutes' WHERE id = $1`, [id])
    const move = `status = 'ending', ending_at = now() - interval '3 minutes', ended_by = 'expiry', next_attempt_at = now()`
    await stop()
    await sql(`UPDATE grants SET ${move} WHERE id = $1`, [id])
    await hold()
    const holding = setInterval(() => void hold().catch(() => {}), 200)
    start()
    return async () => {
      clearInterval(holding)
      // Or else the end waits for the lease.
      await sql(`UPDATE grants SET next_attempt_at = now(), lease_until = NULL, leased_by = NULL WHERE id = $1`, [id])
      await sql(`SELECT pg_notify('postern_grant', $1)`, [id])
    }
  }

  test('a grant that is ending, and whose due time and lease are renewed forever, is swept all the same', async () => {
    const { id } = await anActiveGrant()
    const release = await heldUp(id)
    try {
      await objectsAreGone(id)
      await expect.poll(() => strayKinds(id), { timeout: 60_000 }).toEqual(allKinds)
    } finally {
      await release()
    }
    await grantReaches(id, 'ended')
  }, 200_000)

  test('neither its due time nor its lease can be moved by more than a minute', async () => {
    const { id } = await anActiveGrant()
    await sql(`UPDATE grants SET expires_at = now() + interval '1 second' WHERE id = $1`, [id])
    for (const change of [
      `next_attempt_at = now() + interval '70 seconds'`,
      `lease_until = now() + interval '70 seconds', leased_by = 'x'`,
      `status = 'ending', ended_by = 'expiry', ending_at = now() + interval '70 seconds'`,
    ])
      expect(await refusalOf(`UPDATE grants SET ${change} WHERE id = $1`, [id]), change).toBe('23514')
  })

  test('a turn to sweep that is taken again and again does not keep a worker from sweeping', async () => {
    const { id } = await anActiveGrant()
    await stop()
    await writeEnd(id)
    const take = () => sql(`UPDATE cluster_states SET swept_at = now() WHERE name = 'prod-eu'`)
    const taking = setInterval(() => void take().catch(() => {}), 200)
    try {
      await take()
      start()
      await objectsAreGone(id)
    } finally {
      clearInterval(taking)
    }
    // Recorded after the objects were deleted.
    await expect.poll(() => rejectedRecords({ grantId: id }), { timeout: 60_000 }).toEqual(['end missing'])
  }, 200_000)
})

describe('a database that refuses to record', () => {
  test('strays are deleted although their findings cannot be recorded, and are recorded afterwards', async () => {
    const { id } = await anActiveGrant()
    await stop()
    await writeEnd(id)
    const intruder = await anIntruder()
    await intruder.query('BEGIN')
    await intruder.query('LOCK TABLE findings IN ACCESS EXCLUSIVE MODE')
    await sweep().catch(() => {})
    expect(await objectsInCluster(id)).toEqual([])
    await intruder.query('ROLLBACK')
    await sweep()
    expect(await strayKinds(id)).toEqual(allKinds)
    start()
    await grantReaches(id, 'ended')
  })

  test('objects past their annotated end are deleted although no grant can be read', async () => {
    const { id, name } = await anActiveGrant()
    await stop()
    const past = new Date(Date.now() - 60_000).toISOString()
    await kubectl(['annotate', '--overwrite', 'rolebinding', name, '-n', 'payments', `postern.dev/expires-at=${past}`])
    const intruder = await anIntruder()
    await intruder.query('BEGIN')
    await intruder.query('LOCK TABLE grants IN ACCESS EXCLUSIVE MODE')
    expect(await sweep()).toBe(1)
    expect(await objectsInCluster(id)).toHaveLength(2)
    await intruder.query('ROLLBACK')
    start()
  })

  test('findings cannot be resolved in the future, nor counted so high that counting fails', async () => {
    const insert = (columns: string, values: string) =>
      refusalOf(
        `INSERT INTO findings (id, kind, cluster, object_kind, namespace, name, sentence, ${columns})
         VALUES ('fnd_x', 'object-stray', 'prod-eu', 'Role', 'payments', 'x', 'x', ${values})`,
      )
    expect(await insert('resolved_at, outcome', `now() + interval '1 day', 'removed'`)).toBe('23514')
    expect(await insert('times', '2147483647')).toBe('23514')
  })
})
