import { CompactEncrypt, compactDecrypt, decodeJwt, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import type { Person } from '#lib/core/access/actor'
import { issueCredential } from '#lib/operations/issue-credential'
import { releaseGrant } from '#lib/operations/release-grant'
import { eventTypesWhere, rejectedRecords } from '#testing/events'
import { anActiveGrant, anApprovedRequest } from '#testing/grants'
import { credentialsFrom, waysToCredential } from '#testing/orders'
import { aPerson, asActor } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'
import { issueHere } from './fulfill-order.ts'

// An intruder orders credentials: with plain SQL as the application's role, listening to the responses on a connection of
// their own, against a real worker and a real API server. They never get a token that they can decrypt.

const stage = await workerBench()
const answers: Array<{ order: string; jwe?: string; problem?: { code: string } }> = []
const ear = new pg.Client({ connectionString: stage.database.appUrl })
const { publicKey, privateKey } = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true })
const ownKey = await exportJWK(publicKey)

beforeAll(async () => {
  await ear.connect()
  ear.on('notification', ({ payload }) => answers.push(JSON.parse(payload ?? '{}')))
  await ear.query('LISTEN postern_answer')
})
afterAll(() => ear.end())

const sql = (text: string, values: unknown[] = []) => stage.database.asApp(text, values)

async function order(grantId: string, person: Person, row: { id?: string; createdAt?: Date; signature?: string } = {}) {
  const { id = newId('order'), createdAt = new Date(), signature = null } = row
  await sql(
    `INSERT INTO credential_orders (id, grant_id, person_id, public_key, via, reference, created_at, signature)
     VALUES ($1, $2, $3, $4, 'browser', 'x', $5, $6)`,
    [id, grantId, person.id, JSON.stringify(ownKey), createdAt, signature],
  )
  return id
}

const answerTo = async (id: string) => {
  await until('the worker responds', () => answers.some((answer) => answer.order === id))
  return answers.find((answer) => answer.order === id)
}

async function expectRefused(grantId: string, record: string) {
  expect(await db().credential.count({ where: { grantId } })).toBe(0)
  expect(await rejectedRecords({ grantId })).toEqual([record])
}

/** The order of a holder who waits for a credential, while no worker runs to take it. */
async function placedBy(holder: Person, grantId: string) {
  await stage.stop()
  const issued = issueCredential(asActor(holder), grantId)
  issued.catch(() => {})
  await until('the order is placed', async () => (await db().credentialOrder.count({ where: { grantId } })) === 1)
  return { issued, placed: await db().credentialOrder.findFirstOrThrow({ where: { grantId } }) }
}

/** Nor is it due to the worker, which would end it. */
const markActive = (id: string) =>
  sql(
    `UPDATE grants SET status = 'active', activated_at = now(), expires_at = now() + make_interval(secs => duration_seconds),
     next_attempt_at = now() + interval '4 minutes' WHERE id = $1`,
    [id],
  )

describe('an order that Postern did not write', () => {
  test('an order in the holder’s name for the intruder’s key issues no credential', async () => {
    const { id, holder } = await anActiveGrant()
    expect(await answerTo(await order(id, holder))).toMatchObject({ problem: { code: 'forbidden' } })
    await expectRefused(id, 'order missing')
  })

  test('a genuine order whose key was replaced issues no credential', async () => {
    const { id, holder } = await anActiveGrant()
    const { issued, placed } = await placedBy(holder, id)
    await sql(`UPDATE credential_orders SET public_key = $2 WHERE id = $1`, [placed.id, JSON.stringify(ownKey)])
    stage.start()
    expect(await rejectionOf(issued)).toMatchObject({ code: 'forbidden' })
    await expectRefused(id, 'order mismatch')
  })

  test('a genuine order that was moved to another person’s grant issues no credential', async () => {
    const { id, holder } = await anActiveGrant()
    const other = await anActiveGrant()
    const { issued, placed } = await placedBy(holder, id)
    const values = [placed.id, other.id, other.holder.id]
    await sql(`UPDATE credential_orders SET grant_id = $2, person_id = $3 WHERE id = $1`, values)
    stage.start()
    expect(await rejectionOf(issued)).toMatchObject({ code: 'forbidden' })
    await expectRefused(other.id, 'order mismatch')
  })

  test('a grant that was marked as active by hand issues no credential', async () => {
    const { holder, request } = await anApprovedRequest()
    await stage.stop()
    const { id } = await aGrant({ request })
    await markActive(id)
    stage.start()
    const issued = credentialsFrom('a worker of another process', () => issueCredential(asActor(holder), id))
    expect(await rejectionOf(issued)).toMatchObject({ code: 'forbidden' })
    await expectRefused(id, 'grant missing')
  })
})

// The worker is stopped, so that it does not find these records first.
describe('a call in the process of the worker', () => {
  const issueTo = (holder: Person, grantId: string) => issueHere(asActor(holder), grantId, { grantId })

  test('a grant that was marked as active by hand issues no credential', async () => {
    const { holder, request } = await anApprovedRequest()
    await stage.stop()
    const { id } = await aGrant({ request })
    await markActive(id)
    expect(await issueTo(holder, id)).toMatchObject({ problem: { code: 'forbidden' } })
    await expectRefused(id, 'grant missing')
  })

  test('a person whose record was changed gets no credential', async () => {
    const { id, holder } = await anActiveGrant()
    await stage.stop()
    await stage.database.asOwner('ALTER TABLE people DISABLE TRIGGER USER')
    await sql(`UPDATE people SET groups = groups || '{cluster-admins}' WHERE id = $1`, [holder.id])
    await stage.database.asOwner('ALTER TABLE people ENABLE TRIGGER USER')
    expect(await issueTo(holder, id)).toMatchObject({ problem: { code: 'forbidden' } })
    await expectRefused(id, 'person mismatch')
  })

  test('a credential in another person’s name is refused, although the call says that it was judged', async () => {
    const { id } = await anActiveGrant()
    await stage.stop()
    expect(await issueTo(await aPerson(), id)).toMatchObject({ problem: { code: 'forbidden' } })
    expect(await db().credential.count({ where: { grantId: id } })).toBe(0)
    expect(await eventTypesWhere({ grantId: id, type: 'credential.refused' })).toHaveLength(1)
  })

  test('access that is ending yields no credential', async () => {
    const { id, holder } = await anActiveGrant()
    await stage.stop()
    await releaseGrant(asActor(holder), id)
    expect(await issueTo(holder, id)).toMatchObject({ problem: { code: 'conflict' } })
    expect(await db().credential.count({ where: { grantId: id } })).toBe(0)
  })
})

describe('a genuine order', () => {
  test.each(waysToCredential)('%s never issues a token of another grant’s ServiceAccount', async (way) => {
    const mine = await anActiveGrant()
    const other = await anActiveGrant()
    await sql(`DELETE FROM credential_orders`)
    const [theirs] = await stage.database.asApp<{ uid: string }>(
      `SELECT uid FROM grant_objects WHERE grant_id = $1 AND kind = 'ServiceAccount'`,
      [other.id],
    )
    // The application's role is refused these changes; the database's owner can make them.
    await stage.database.asOwner('ALTER TABLE grant_objects DISABLE TRIGGER grant_objects_guard')
    await sql(`UPDATE grant_objects SET kind = 'Other' WHERE grant_id = $1 AND kind = 'ServiceAccount'`, [mine.id])
    await sql(`UPDATE grant_objects SET grant_id = $1 WHERE uid = $2`, [mine.id, theirs?.uid])
    await stage.database.asOwner('ALTER TABLE grant_objects ENABLE TRIGGER grant_objects_guard')
    const outcome = await credentialsFrom(way, () => issueCredential(asActor(mine.holder), mine.id)).then(
      ({ token }) => decodeJwt(token).sub,
      () => 'refused',
    )
    expect(outcome).not.toContain(other.name)
  })

  test('a token and a certificate authority that no worker signed do not reach the holder', async () => {
    const { id, holder } = await anActiveGrant()
    const { issued, placed } = await placedBy(holder, id)
    const key = await importJWK(placed.publicKey as JWK, 'ECDH-ES')
    const forged = { order: placed.id, token: 'x', jti: 'x', expiresAt: 'x', certificateAuthority: 'the intruder’s' }
    const jwe = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify({ ...forged, signature: null })))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' })
      .encrypt(key)
    await sql('SELECT pg_notify($1, $2)', ['postern_answer', JSON.stringify({ order: placed.id, jwe })])
    const message = expect.stringContaining('worker')
    expect(await rejectionOf(issued)).toMatchObject({ code: 'unavailable', message })
  })

  test('an order that is placed a second time yields no token that the intruder can decrypt', async () => {
    const { id, holder } = await anActiveGrant()
    const { issued, placed } = await placedBy(holder, id)
    stage.start()
    await issued
    const { publicKey: kept, createdAt, ...row } = placed
    await sql(`INSERT INTO credential_orders SELECT * FROM jsonb_populate_record(NULL::credential_orders, $1::jsonb)`, [
      JSON.stringify({
        ...{ id: row.id, grant_id: row.grantId, person_id: row.personId, public_key: kept, via: row.via },
        ...{ client_address: row.clientAddress, reference: row.reference, signature: row.signature },
        created_at: createdAt,
      }),
    ])
    const answer = answers.filter(({ order }) => order === placed.id).at(-1)
    await expect(compactDecrypt(answer?.jwe ?? '', privateKey)).rejects.toThrow()
    // Some seconds later the worker does not even respond.
    const stale = await order(id, holder, { createdAt: new Date(Date.now() - 16_000) })
    await until('it is taken', async () => (await db().credentialOrder.count({ where: { id: stale } })) === 0)
    expect(answers.some(({ order }) => order === stale)).toBe(false)
  })
})
