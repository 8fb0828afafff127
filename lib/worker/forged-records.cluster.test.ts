import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { sqlStateOf } from '#lib/adapters/db/errors'
import type { Request } from '#lib/adapters/db/generated/client'
import type { Person } from '#lib/core/access/actor'
import { contentHash } from '#lib/core/access/content-hash'
import { makeId } from '#lib/core/access/ids'
import { digestOf } from '#lib/core/access/terms'
import { anEntitlement } from '#testing/configuration'
import { anApprovedRequest, grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { aPerson, isNowIn } from '#testing/people'
import { aDecision, aGrant, aRequest } from '#testing/requests'
import { testWorker } from '#testing/worker'

// The intruder: plain SQL as the application's own role, which is what an injection or a leaked DATABASE_URL gives,
// against the real worker on a real API server. Nothing is granted, and every attempt is in the history.

const stage = await testWorker()
beforeAll(stage.start)
afterEach(stage.start)
afterAll(stage.end)

const sql = (text: string, values: unknown[] = []) => stage.database.asApp(text, values)
const refusalOf = (text: string, values: unknown[] = []) => sql(text, values).then(() => 'allowed', sqlStateOf)
const anId = <K extends 'grant' | 'decision' | 'request'>(kind: K) => makeId(kind, new Date(), randomBytes(10))
const secrets = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }]

/** A yes of this person to this request, by hand. What is not given is made up. */
async function writeDecision({ id, digest }: Pick<Request, 'id' | 'digest'>, person: Person, row: object = {}) {
  const decision = {
    ...{ id: anId('decision'), signature: null, groups: person.groups, digest, result: digest },
    ...row,
  }
  await sql(
    `INSERT INTO decisions (id, request_id, person_id, decision, digest, result, groups, signature)
     VALUES ($1, $2, $3, 'approve', $4, $5, $6, $7)`,
    [decision.id, id, person.id, decision.digest, decision.result, decision.groups, decision.signature],
  )
}

/** Marks a request as approved and writes its grant, by hand. */
async function writeGrant(requestId: string): Promise<string> {
  await sql(`UPDATE requests SET status = 'approved', resolved_at = now() WHERE id = $1 AND status = 'pending'`, [
    requestId,
  ])
  const id = anId('grant')
  await sql(
    `INSERT INTO grants (id, request_id, cluster, duration_seconds)
     SELECT $1, id, cluster, duration_seconds FROM requests WHERE id = $2`,
    [id, requestId],
  )
  return id
}

/** A copy of a request with some columns changed, by hand. */
async function copyRequest({ id }: Request, change: Record<string, unknown>): Promise<Request> {
  const copy = anId('request')
  const columns = { id: copy, status: 'pending', resolved_at: null, ...change }
  await sql(`INSERT INTO requests SELECT (jsonb_populate_record(r, $2::jsonb)).* FROM requests r WHERE r.id = $1`, [
    id,
    JSON.stringify(columns),
  ])
  return db().request.findUniqueOrThrow({ where: { id: copy } })
}

/** The worker ends it without having touched the cluster, says why, and the history says which record it was. */
async function expectRefused(grantId: string, record: string) {
  const ended = await grantReaches(grantId, 'ended')
  expect(ended).toMatchObject({
    endedBy: 'ineligible',
    endNote: expect.stringMatching(/Postern|not the one|doesn’t match/),
  })
  expect(await objectsInCluster(grantId)).toEqual([])
  const events = await db().auditEvent.findMany({ where: { grantId }, orderBy: { seq: 'asc' } })
  expect(events.map(({ type }) => type)).not.toContain('grant.object-created')
  const refused = events.filter(({ type }) => type === 'record.rejected')
  expect(
    refused.map(({ data }) => `${(data as Record<string, string>).record} ${(data as Record<string, string>).code}`),
  ).toEqual([record])
}

const aPair = async () => ({
  holder: await aPerson(),
  lead: await aPerson({ groups: ['payments-leads'] }),
})

describe('a forged decision gives nothing', () => {
  it('an approval in somebody else’s name', async () => {
    const { holder, lead } = await aPair()
    const request = await aRequest({ requester: holder })
    await writeDecision(request, lead)
    await expectRefused(await writeGrant(request.id), 'decision missing')
  })

  it('their approval of another request with the same digest', async () => {
    const { holder, lead } = await aPair()
    const genuine = await aDecision(await aRequest({ requester: holder }), lead)
    const request = await aRequest({ requester: holder })
    expect(request.digest).toBe(genuine.digest)
    const { signature, groups, digest, result } = genuine
    await writeDecision(request, lead, { signature, groups, digest, result })
    await expectRefused(await writeGrant(request.id), 'decision mismatch')
  })

  it('a real approval under another name', async () => {
    const { holder, lead } = await aPair()
    const other = await aPerson({ groups: ['payments-leads'] })
    const request = await aRequest({ requester: holder })
    const { signature, groups } = await aDecision(await aRequest({ requester: holder }), other)
    await writeDecision(request, lead, { signature, groups })
    await expectRefused(await writeGrant(request.id), 'decision mismatch')
  })

  it('an approval signed as something else: the signature of the request itself', async () => {
    const { holder, lead } = await aPair()
    const request = await aRequest({ requester: holder })
    await writeDecision(request, lead, { signature: request.signature })
    await expectRefused(await writeGrant(request.id), 'decision mismatch')
  })

  it('none at all: a request that was marked as approved, with a grant', async () => {
    const request = await aRequest()
    await expectRefused(await writeGrant(request.id), 'request not-what-was-decided')
  })
})

describe('a forged request gives nothing', () => {
  it('one without approval steps, in the name of somebody who may ask', async () => {
    const model = await aRequest()
    const request = await copyRequest(model, { steps: [], approver_groups: [] })
    await expectRefused(await writeGrant(request.id), 'request mismatch')
  })

  it('a copy of one that was approved automatically: asked again without asking', async () => {
    const model = await aRequest({
      entitlement: anEntitlement({ name: 'look-around', rules: undefined, clusterRole: 'view', approvals: [] }),
    })
    await expectRefused(await writeGrant((await copyRequest(model, {})).id), 'request mismatch')
  })

  it('under an entitlement version with another ceiling', async () => {
    const { holder, lead } = await aPair()
    const model = await aRequest({ requester: holder })
    const wider = { ...anEntitlement(), rules: secrets, approvals: [] }
    await sql(`INSERT INTO entitlement_versions (hash, name, document) VALUES ($1, $2, $3)`, [
      contentHash(wider),
      wider.name,
      wider,
    ])
    const digest = digestOf({ ...model, rules: secrets, requester: holder })
    const request = await copyRequest(model, { rules: secrets, digest, entitlement_hash: contentHash(wider) })
    await aDecision(request, lead)
    await expectRefused(await writeGrant(request.id), 'request mismatch')
  })

  it('under the hash of the entitlement with another text: the version on record is not its name', async () => {
    const entitlement = anEntitlement({ description: randomBytes(4).toString('hex') })
    const hash = contentHash(JSON.parse(JSON.stringify(entitlement)))
    // Before the first who asks for it: whoever comes first keeps it.
    await sql(`INSERT INTO entitlement_versions (hash, name, document) VALUES ($1, $2, $3)`, [
      hash,
      entitlement.name,
      { ...entitlement, approvals: [] },
    ])
    const { request } = await anApprovedRequest({ entitlement })
    await expectRefused((await aGrant({ request })).id, 'entitlement not-its-name')
  })

  it('wider terms under a pending one, approved by their digest', async () => {
    const { holder, lead } = await aPair()
    const asked = await aRequest({ requester: holder })
    const digest = digestOf({ ...asked, rules: secrets, requester: holder })
    await sql(`UPDATE requests SET rules = $2, digest = $3 WHERE id = $1`, [asked.id, JSON.stringify(secrets), digest])
    // As if somebody had approved what they saw; what was asked is signed, and does not lead there.
    await aDecision({ ...asked, digest }, lead)
    await expectRefused(await writeGrant(asked.id), 'request not-what-was-decided')
  })

  it('terms that are no terms at all, and the queue goes on for everybody else', async () => {
    const model = await aRequest()
    await sql(`INSERT INTO entitlement_versions (hash, name, document) VALUES ('sha256:x', 'x', 'null')`)
    const nonsense = { rules: 'x', steps: 7, asked: 3, verdict: [], entitlement_hash: 'sha256:x' }
    const copy = await copyRequest(model, nonsense)
    await expectRefused(await writeGrant(copy.id), 'request mismatch')
    await grantReaches((await aGrant({ request: (await anApprovedRequest()).request })).id, 'active')
  })
})

describe('forged facts about people give nothing', () => {
  it('a group that the requester lost', async () => {
    const { holder, request } = await anApprovedRequest()
    await isNowIn(holder, [])
    await sql(`UPDATE people SET groups = '{payments-dev}' WHERE id = $1`, [holder.id])
    await expectRefused((await aGrant({ request })).id, 'person mismatch')
  })

  it('a group that the approver lost', async () => {
    const { lead, request } = await anApprovedRequest()
    await isNowIn(lead, ['payments-dev'])
    await sql(`UPDATE people SET groups = '{payments-leads}' WHERE id = $1`, [lead.id])
    await expectRefused((await aGrant({ request })).id, 'person mismatch')
  })

  it('another e-mail, so that two accounts of one person look like two people', async () => {
    const { lead, request } = await anApprovedRequest()
    await sql(`UPDATE people SET email = 'somebody-else@example.com' WHERE id = $1`, [lead.id])
    await expectRefused((await aGrant({ request })).id, 'person mismatch')
  })
})

describe('a grant that was moved by hand', () => {
  it('that is said to have begun gives nothing and is ended', async () => {
    await stage.stop()
    const { request } = await anApprovedRequest()
    const grant = await aGrant({ request })
    await sql(
      `UPDATE grants SET status = 'active', activated_at = now(), expires_at = now() + make_interval(secs => duration_seconds),
       next_attempt_at = now() WHERE id = $1`,
      [grant.id],
    )
    stage.start()
    await expectRefused(grant.id, 'grant missing')
  })

  it('is not said to begin in the future, and its end is not put off: not by a due time, not by a lease', async () => {
    const pending = await aGrant({
      request: (await anApprovedRequest({ startsAt: new Date(Date.now() + 3_600_000) })).request,
      nextAttemptAt: new Date(Date.now() + 3_600_000),
    })
    const ahead = `activated_at = '2099-01-01', expires_at = '2099-01-01'`
    expect(await refusalOf(`UPDATE grants SET status = 'active', ${ahead} WHERE id = $1`, [pending.id])).toBe('23514')
    const active = await grantReaches((await aGrant({ request: (await anApprovedRequest()).request })).id, 'active')
    for (const change of [`next_attempt_at = '2099-01-01'`, `lease_until = '2099-01-01', leased_by = 'x'`, ahead])
      expect(await refusalOf(`UPDATE grants SET ${change} WHERE id = $1`, [active.id]), change).toBe('23514')
  })

  it('is not let out of what was approved long ago: an approval that was held back for a day is none', async () => {
    const [yesterday, due] = [new Date(Date.now() - 90_000_000), new Date()]
    const request = await aRequest({
      entitlement: anEntitlement({ name: 'look-around', rules: undefined, clusterRole: 'view', approvals: [] }),
      createdAt: yesterday,
      status: 'approved',
    })
    const ended = await grantReaches((await aGrant({ request, createdAt: yesterday, nextAttemptAt: due })).id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'ineligible', endNote: expect.stringContaining('more than a day ago') })
  })

  it('that is said to have ended is ended in the cluster: no access outlives its record', async () => {
    const active = await grantReaches((await aGrant({ request: (await anApprovedRequest()).request })).id, 'active')
    const now = { ending: `ending_at = now(), ended_by = 'expiry'`, ended: `ended_at = now(), next_attempt_at = NULL` }
    for (const [status, set] of Object.entries(now))
      await sql(`UPDATE grants SET status = '${status}', ${set} WHERE id = $1 AND status <> 'ended'`, [active.id])
    await expect.poll(() => objectsInCluster(active.id), { timeout: 25_000 }).toEqual([])
  })

  it('whose end is held up by hand, again and again, is over all the same: the sweep asks for no lease', async () => {
    const { id } = await grantReaches((await aGrant({ request: (await anApprovedRequest()).request })).id, 'active')
    // As if its time had been over for six minutes, in which nobody could claim it, nor had a turn to sweep.
    const held = `next_attempt_at = now(), lease_until = now() + interval '4 minutes', leased_by = 'x'`
    await sql(`UPDATE grants SET expires_at = now() - interval '6 minutes', ${held} WHERE id = $1`, [id])
    await sql(`UPDATE cluster_states SET swept_at = '2099-01-01' WHERE name = 'prod-eu'`)
    await expect.poll(() => objectsInCluster(id), { timeout: 25_000 }).toEqual([])
    expect((await grantRow(id)).status).toBe('active')
    await expect
      .poll(() => db().auditEvent.count({ where: { grantId: id, type: 'grant.stray-removed' } }), { timeout: 5_000 })
      .toBe(3)
  })

  it('removes nothing that is not its own, whatever its rows say', async () => {
    const name = `somebodys-${randomBytes(4).toString('hex')}`
    await kubectl(['create', 'role', name, '-n', 'payments', '--verb=get', '--resource=pods'])
    const uid = await kubectl(['get', 'role', name, '-n', 'payments', '-o', 'jsonpath={.metadata.uid}'])
    const { id } = await grantReaches((await aGrant({ request: (await anApprovedRequest()).request })).id, 'active')
    await sql(
      `INSERT INTO grant_objects (grant_id, cluster, kind, namespace, name, uid) VALUES ($1, 'prod-eu', 'Role', 'payments', $2, $3)`,
      [id, name, uid],
    )
    await sql(
      `UPDATE grants SET status = 'ending', ending_at = now(), ended_by = 'release', next_attempt_at = now() WHERE id = $1`,
      [id],
    )
    await grantReaches(id, 'ended')
    expect(await kubectl(['get', 'role', name, '-n', 'payments', '-o', 'name'])).toContain(name)
    await kubectl(['delete', 'role', name, '-n', 'payments'])
  })
})
