import { CompactEncrypt, compactDecrypt, decodeJwt, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import type { Person } from '#lib/core/access/actor'
import { objectName } from '#lib/core/grants/names'
import { issueCredential } from '#lib/operations/issue-credential'
import { anApprovedRequest, grantReaches } from '#testing/grants'
import { aPerson, asActor } from '#testing/people'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { testWorker } from '#testing/worker'

// The intruder orders credentials: plain SQL as the application's own role, the answers heard on its own connection,
// against the real worker on a real API server. No token comes of it that anybody but its holder can open.

const stage = await testWorker()
const answers: Array<{ order: string; jwe?: string; problem?: { code: string } }> = []
const ear = new pg.Client({ connectionString: stage.database.appUrl })
const { publicKey, privateKey } = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true })
const ownKey = await exportJWK(publicKey)

beforeAll(async () => {
  stage.start()
  await ear.connect()
  ear.on('notification', ({ payload }) => answers.push(JSON.parse(payload ?? '{}')))
  await ear.query('LISTEN postern_answer')
})
afterEach(stage.start)
afterAll(async () => {
  await ear.end()
  await stage.end()
})

const sql = (text: string, values: unknown[] = []) => stage.database.asApp(text, values)

async function anActiveGrant() {
  const { holder, request } = await anApprovedRequest()
  return { holder, grant: await grantReaches((await aGrant({ request })).id, 'active') }
}

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
  await until('the worker answers', () => answers.some((answer) => answer.order === id))
  return answers.find((answer) => answer.order === id)
}

async function expectRefused(grantId: string, record: string) {
  expect(await db().credential.count({ where: { grantId } })).toBe(0)
  const events = await db().auditEvent.findMany({ where: { grantId, type: 'record.rejected' } })
  const records = events.map(({ data }) => data as { record: string; code: string })
  expect(records.map((found) => `${found.record} ${found.code}`)).toEqual([record])
}

/** What somebody who waits for a credential has put into the table, while no worker is there to take it. */
async function placedBy(holder: Person, grantId: string) {
  await stage.stop()
  const issued = issueCredential(asActor(holder), grantId)
  issued.catch(() => {})
  await until('the order is placed', async () => (await db().credentialOrder.count({ where: { grantId } })) === 1)
  return { issued, placed: await db().credentialOrder.findFirstOrThrow({ where: { grantId } }) }
}

describe('an order that Postern did not write gives nothing', () => {
  it('for a key of one’s own, in the name of the holder', async () => {
    const { holder, grant } = await anActiveGrant()
    expect(await answerTo(await order(grant.id, holder))).toMatchObject({ problem: { code: 'forbidden' } })
    await expectRefused(grant.id, 'order missing')
  })

  it('with the signature of a real one, for which only the key was changed', async () => {
    const { holder, grant } = await anActiveGrant()
    const { issued, placed } = await placedBy(holder, grant.id)
    await sql(`UPDATE credential_orders SET public_key = $2 WHERE id = $1`, [placed.id, JSON.stringify(ownKey)])
    stage.start()
    await expect(issued).rejects.toMatchObject({ code: 'forbidden' })
    await expectRefused(grant.id, 'order mismatch')
  })

  it('for another’s access, with what was signed for one’s own', async () => {
    const { holder, grant } = await anActiveGrant()
    const other = await anActiveGrant()
    const { issued, placed } = await placedBy(holder, grant.id)
    await sql(`UPDATE credential_orders SET grant_id = $2, person_id = $3 WHERE id = $1`, [
      placed.id,
      other.grant.id,
      other.holder.id,
    ])
    stage.start()
    await expect(issued).rejects.toMatchObject({ code: 'forbidden' })
    await expectRefused(other.grant.id, 'order mismatch')
  })

  it('for access that has not begun by the worker’s own word', async () => {
    const holder = await aPerson()
    const { request } = await anApprovedRequest({ requester: holder })
    await stage.stop()
    const pending = await aGrant({ request })
    await sql(
      `UPDATE grants SET status = 'active', activated_at = now(), expires_at = now() + make_interval(secs => duration_seconds),
       next_attempt_at = now() + interval '4 minutes' WHERE id = $1`,
      [pending.id],
    )
    stage.start()
    await expect(issueCredential(asActor(holder), pending.id)).rejects.toMatchObject({ code: 'forbidden' })
    await expectRefused(pending.id, 'grant missing')
  })
})

describe('a real order', () => {
  it('gives a token of its own access alone, whatever the database says which account that is', async () => {
    const mine = await anActiveGrant()
    const other = await anActiveGrant()
    await sql(`DELETE FROM credential_orders`)
    const [theirs] = await stage.database.asApp<{ uid: string }>(
      `SELECT uid FROM grant_objects WHERE grant_id = $1 AND kind = 'ServiceAccount'`,
      [other.grant.id],
    )
    await sql(`UPDATE grant_objects SET kind = 'Other' WHERE grant_id = $1 AND kind = 'ServiceAccount'`, [
      mine.grant.id,
    ])
    await sql(`UPDATE grant_objects SET grant_id = $1 WHERE uid = $2`, [mine.grant.id, theirs?.uid])
    const outcome = await issueCredential(asActor(mine.holder), mine.grant.id).then(
      ({ token }) => decodeJwt(token).sub,
      () => 'refused',
    )
    expect(outcome).not.toContain(objectName(other.grant.id))
  })

  it('is not answered by anybody else: a token and an authority that no worker signed are not handed on', async () => {
    const { holder, grant } = await anActiveGrant()
    const { issued, placed } = await placedBy(holder, grant.id)
    const key = await importJWK(placed.publicKey as JWK, 'ECDH-ES')
    const forged = { order: placed.id, token: 'x', jti: 'x', expiresAt: 'x', certificateAuthority: 'the intruder’s' }
    const jwe = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify({ ...forged, signature: null })))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' })
      .encrypt(key)
    await sql('SELECT pg_notify($1, $2)', ['postern_answer', JSON.stringify({ order: placed.id, jwe })])
    await expect(issued).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('worker') })
  })

  it('placed again gives nobody a token that they can open', async () => {
    const { holder, grant } = await anActiveGrant()
    const { issued, placed } = await placedBy(holder, grant.id)
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
    const answer = answers.filter(({ order: id }) => id === placed.id).at(-1)
    await expect(compactDecrypt(answer?.jwe ?? '', privateKey)).rejects.toThrow()
    // And some seconds later it is not even answered.
    const stale = await order(grant.id, holder, { createdAt: new Date(Date.now() - 16_000) })
    await until('it is taken', async () => (await db().credentialOrder.count({ where: { id: stale } })) === 0)
    expect(answers.some(({ order: id }) => id === stale)).toBe(false)
  })
})
