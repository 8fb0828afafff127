import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { sqlStateOf } from '#lib/adapters/db/errors'
import type { Request } from '#lib/adapters/db/generated/client'
import type { Person } from '#lib/core/access/actor'
import { contentHash } from '#lib/core/access/content-hash'
import { makeId } from '#lib/core/access/ids'
import { digestOf } from '#lib/core/access/terms'
import { anEntitlement } from '#testing/configuration'
import { eventTypesWhere, rejectedRecords } from '#testing/events'
import {
  anActiveGrant,
  anApprovedRequest,
  grantReaches,
  grantRow,
  objectsAreGone,
  objectsInCluster,
} from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { aPerson, isNowIn } from '#testing/people'
import { aDecision, aGrant, aRequest } from '#testing/requests'
import { workerBench } from '#testing/worker'

// An intruder with plain SQL as the application's role, as after an injection or with a leaked DATABASE_URL, against a real
// worker and a real API server. Nothing is granted, and every attempt is in the history.

const stage = await workerBench()

const sql = (text: string, values: unknown[] = []) => stage.database.asApp(text, values)
const refusalOf = (text: string, values: unknown[] = []) => sql(text, values).then(() => 'allowed', sqlStateOf)
const anId = <K extends 'grant' | 'decision' | 'request'>(kind: K) => makeId(kind, new Date(), randomBytes(10))
const automatic = () => anEntitlement({ name: 'look-around', clusterRole: 'view', approvals: [] })
const secrets = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }]

/** An approval by this person, written by hand. `row` has the columns that are not made up. */
async function writeDecision({ id, digest }: Pick<Request, 'id' | 'digest'>, person: Person, row: object = {}) {
  const made = { id: anId('decision'), signature: null, groups: person.groups, digest, result: digest }
  const decision = { ...made, ...row }
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

/** The worker ends the grant without having created anything, and the history names the record that was rejected. */
async function expectRejected(grantId: string, record: string) {
  const ended = await grantReaches(grantId, 'ended')
  expect(ended).toMatchObject({
    endedBy: 'ineligible',
    endNote: expect.stringMatching(/Postern|not the one|doesn’t match/),
  })
  expect(await objectsInCluster(grantId)).toEqual([])
  expect(await eventTypesWhere({ grantId })).not.toContain('grant.object-created')
  expect(await rejectedRecords({ grantId })).toEqual([record])
}

const aPair = async () => ({
  holder: await aPerson(),
  lead: await aPerson({ groups: ['payments-leads'] }),
})

describe('forged decisions', () => {
  test('an approval written in another person’s name grants nothing', async () => {
    const { holder, lead } = await aPair()
    const request = await aRequest({ requester: holder })
    await writeDecision(request, lead)
    await expectRejected(await writeGrant(request.id), 'decision missing')
  })

  test('a genuine approval of another request with the same digest grants nothing', async () => {
    const { holder, lead } = await aPair()
    const genuine = await aDecision(await aRequest({ requester: holder }), lead)
    const request = await aRequest({ requester: holder })
    expect(request.digest).toBe(genuine.digest)
    const { signature, groups, digest, result } = genuine
    await writeDecision(request, lead, { signature, groups, digest, result })
    await expectRejected(await writeGrant(request.id), 'decision mismatch')
  })

  test('a genuine approval under another person’s name grants nothing', async () => {
    const { holder, lead } = await aPair()
    const other = await aPerson({ groups: ['payments-leads'] })
    const request = await aRequest({ requester: holder })
    const { signature, groups } = await aDecision(await aRequest({ requester: holder }), other)
    await writeDecision(request, lead, { signature, groups })
    await expectRejected(await writeGrant(request.id), 'decision mismatch')
  })

  test('an approval with the signature of the request itself grants nothing', async () => {
    const { holder, lead } = await aPair()
    const request = await aRequest({ requester: holder })
    await writeDecision(request, lead, { signature: request.signature })
    await expectRejected(await writeGrant(request.id), 'decision mismatch')
  })

  test('a request that was marked as approved without a decision grants nothing', async () => {
    const request = await aRequest()
    await expectRejected(await writeGrant(request.id), 'request not-what-was-decided')
  })
})

describe('forged requests', () => {
  test('a request without approval steps in an eligible person’s name grants nothing', async () => {
    const model = await aRequest()
    const request = await copyRequest(model, { steps: [], approver_groups: [] })
    await expectRejected(await writeGrant(request.id), 'request mismatch')
  })

  test('a copy of a request that was approved automatically grants nothing', async () => {
    const model = await aRequest({ entitlement: automatic() })
    await expectRejected(await writeGrant((await copyRequest(model, {})).id), 'request mismatch')
  })

  test('a request under an entitlement version with another ceiling grants nothing', async () => {
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
    await expectRejected(await writeGrant(request.id), 'request mismatch')
  })

  test('a request whose entitlement version does not match its hash grants nothing', async () => {
    const entitlement = anEntitlement({ description: randomBytes(4).toString('hex') })
    const hash = contentHash(JSON.parse(JSON.stringify(entitlement)))
    // Before the first genuine request: the first version stored under a hash stays.
    await sql(`INSERT INTO entitlement_versions (hash, name, document) VALUES ($1, $2, $3)`, [
      hash,
      entitlement.name,
      { ...entitlement, approvals: [] },
    ])
    const { request } = await anApprovedRequest({ entitlement })
    await expectRejected((await aGrant({ request })).id, 'entitlement not-its-name')
  })

  test('wider terms written into a pending request grant nothing, even if they are approved', async () => {
    const { holder, lead } = await aPair()
    const request = await aRequest({ requester: holder })
    const digest = digestOf({ ...request, rules: secrets, requester: holder })
    const values = [request.id, JSON.stringify(secrets), digest]
    await sql(`UPDATE requests SET rules = $2, digest = $3 WHERE id = $1`, values)
    // As if a lead had approved what they read. The submitted terms are signed, and no narrowing leads to these.
    await aDecision({ ...request, digest }, lead)
    await expectRejected(await writeGrant(request.id), 'request not-what-was-decided')
  })

  test('a request that cannot even be parsed grants nothing, and the queue goes on with other grants', async () => {
    const model = await aRequest()
    await sql(`INSERT INTO entitlement_versions (hash, name, document) VALUES ('sha256:x', 'x', 'null')`)
    const nonsense = { rules: 'x', steps: 7, submitted_terms: 3, verdict: [], entitlement_hash: 'sha256:x' }
    const copy = await copyRequest(model, nonsense)
    await expectRejected(await writeGrant(copy.id), 'request mismatch')
    await anActiveGrant()
  })
})

describe('forged facts about people', () => {
  test('a group that the requester lost and the intruder restored grants nothing', async () => {
    const { holder, request } = await anApprovedRequest()
    await isNowIn(holder, [])
    await sql(`UPDATE people SET groups = '{payments-dev}' WHERE id = $1`, [holder.id])
    await expectRejected((await aGrant({ request })).id, 'person mismatch')
  })

  test('a group that the approver lost and the intruder restored grants nothing', async () => {
    const { lead, request } = await anApprovedRequest()
    await isNowIn(lead, ['payments-dev'])
    await sql(`UPDATE people SET groups = '{payments-leads}' WHERE id = $1`, [lead.id])
    await expectRejected((await aGrant({ request })).id, 'person mismatch')
  })

  test('another e-mail, which would make two accounts of one person look like two people, grants nothing', async () => {
    const { lead, request } = await anApprovedRequest()
    await sql(`UPDATE people SET email = 'someone-else@example.com' WHERE id = $1`, [lead.id])
    await expectRejected((await aGrant({ request })).id, 'person mismatch')
  })
})

describe('grants whose row was changed by hand', () => {
  test('a grant that was marked as active grants nothing and is ended', async () => {
    await stage.stop()
    const { request } = await anApprovedRequest()
    const grant = await aGrant({ request })
    await sql(
      `UPDATE grants SET status = 'active', activated_at = now(), expires_at = now() + make_interval(secs => duration_seconds),
       next_attempt_at = now() WHERE id = $1`,
      [grant.id],
    )
    stage.start()
    await expectRejected(grant.id, 'grant missing')
  })

  test('neither its start, its end, its due time nor its lease can be moved into the future', async () => {
    const pending = await aGrant({
      request: (await anApprovedRequest({ startsAt: new Date(Date.now() + 3_600_000) })).request,
      nextAttemptAt: new Date(Date.now() + 3_600_000),
    })
    const ahead = `activated_at = '2099-01-01', expires_at = '2099-01-01'`
    expect(await refusalOf(`UPDATE grants SET status = 'active', ${ahead} WHERE id = $1`, [pending.id])).toBe('23514')
    const { id } = await anActiveGrant()
    for (const change of [`next_attempt_at = '2099-01-01'`, `lease_until = '2099-01-01', leased_by = 'x'`, ahead])
      expect(await refusalOf(`UPDATE grants SET ${change} WHERE id = $1`, [id]), change).toBe('23514')
  })

  test('a grant that was held back for a day after its approval grants nothing', async () => {
    const [yesterday, due] = [new Date(Date.now() - 90_000_000), new Date()]
    const request = await aRequest({ entitlement: automatic(), createdAt: yesterday, status: 'approved' })
    const ended = await grantReaches((await aGrant({ request, createdAt: yesterday, nextAttemptAt: due })).id, 'ended')
    expect(ended).toMatchObject({ endedBy: 'ineligible', endNote: expect.stringContaining('more than a day ago') })
  })

  test('a grant whose end is held up by a lease is swept all the same', async () => {
    const { id } = await anActiveGrant()
    // As if it had expired six minutes ago, and since then no worker could claim it or take a turn to sweep.
    const held = `next_attempt_at = now(), lease_until = now() + interval '50 seconds', leased_by = 'x'`
    await sql(`UPDATE grants SET expires_at = now() - interval '6 minutes', ${held} WHERE id = $1`, [id])
    await sql(`UPDATE cluster_states SET swept_at = '2099-01-01' WHERE name = 'prod-eu'`)
    await objectsAreGone(id)
    expect((await grantRow(id)).status).toBe('active')
    const removals = () => eventTypesWhere({ grantId: id, type: 'grant.stray-deleted' })
    await expect.poll(removals, { timeout: 60_000 }).toHaveLength(3)
  })

  test('a grant never deletes an object that is not its own, whatever its rows say', async () => {
    const name = `foreign-${randomBytes(4).toString('hex')}`
    await kubectl(['create', 'role', name, '-n', 'payments', '--verb=get', '--resource=pods'])
    const uid = await kubectl(['get', 'role', name, '-n', 'payments', '-o', 'jsonpath={.metadata.uid}'])
    const { id } = await anActiveGrant()
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
