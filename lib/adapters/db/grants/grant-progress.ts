import { type About, clip, judgedData, type NewAuditEvent, namesOf, recordEvents } from '#lib/adapters/db/audit/audit'
import { insertEvents } from '#lib/adapters/db/audit/events-in-sql'
import { countRecorded, db, transaction } from '#lib/adapters/db/client'
import { endFindings, settleFindings } from '#lib/adapters/db/clusters/findings'
import { signatureOf } from '#lib/adapters/db/signing'
import { ifMoved, moveGrant } from '#lib/adapters/db/transition'
import type { SystemActor } from '#lib/core/access/actor'
import type { Difference } from '#lib/core/access/difference'
import { AppError } from '#lib/core/access/errors'
import type { Probes } from '#lib/core/access/probe-resource'
import type { EndReason, GrantStatus } from '#lib/core/access/status'
import type { Verdict } from '#lib/core/access/verdict-resource'
import type { ObjectKey } from '#lib/core/grants/manifests'
import { activationStatement } from '#lib/core/signing/statements'
import type { SignatureFailure } from '#lib/core/signing/verify-records'
import { Prisma } from '../generated/client.ts'

// What a worker writes about one grant, each with its events in one statement, which is one transaction.

/** Which grant, whose, and who writes. */
export type Writing = {
  id: string
  requestId: string
  requesterId: string
  entitlementName: string
  cluster: string
  actor: SystemActor
  about: About
}

export type CreatedRow = ObjectKey & { uid: string; createdAt: Date; fingerprint: string }
/**
 * `uid` null: as far as anybody knows it was never made; nothing is said to have been removed then. `alreadyGone`: it was
 * made, and was not there any more.
 */
export type RemovedRow = ObjectKey & { uid: string | null; alreadyGone: boolean }

const bare = ({ kind, namespace, name }: ObjectKey) => ({ kind, namespace, name })

/**
 * The wish: the names of all objects, before any of them is made (promise 1). One statement, names and event together,
 * because everybody who waits for access waits for this.
 * @throws AppError `conflict` when somebody ended the grant meanwhile
 */
export async function saveIntent({ id, cluster, actor, about }: Writing, objects: readonly ObjectKey[]) {
  const event: NewAuditEvent = { type: 'grant.intent-recorded', actor, data: { objects: objects.map(bare) }, about }
  // Whoever ends it at this moment waits for the row, or is waited for.
  const count = await db().$executeRaw`
    WITH mine AS (SELECT id FROM grants WHERE id = ${id} AND status = 'pending' FOR SHARE),
    told AS (${insertEvents([event], Prisma.sql`EXISTS (SELECT FROM mine)`)})
    INSERT INTO grant_objects (grant_id, cluster, kind, namespace, name)
    SELECT mine.id, ${cluster}, o.kind, o.namespace, o.name
    FROM mine CROSS JOIN jsonb_to_recordset(${JSON.stringify(objects.map(bare))}::jsonb)
      AS o(kind text, namespace text, name text)`
  if (count === 0) throw new AppError('conflict', 'This grant is not pending any more.')
  countRecorded([event])
}

const always = Prisma.sql`true`

const updateCreated = ({ id }: Writing, made: readonly CreatedRow[], when: Prisma.Sql) => Prisma.sql`
    UPDATE grant_objects o SET uid = m.uid, created_at = m."createdAt", fingerprint = m.fingerprint
    FROM jsonb_to_recordset(${JSON.stringify(made)}::jsonb)
      AS m(kind text, namespace text, name text, uid text, "createdAt" timestamptz, fingerprint text)
    WHERE o.grant_id = ${id} AND (o.kind, o.namespace, o.name) = (m.kind, m.namespace, m.name) AND ${when}`

const createdEvents = ({ actor, about }: Writing, made: readonly CreatedRow[]): NewAuditEvent[] =>
  made.map((object) => ({ type: 'grant.object-created', actor, data: { ...bare(object), uid: object.uid }, about }))

/** What was made, while more is to come before access begins or is right again. */
export async function saveCreated(writing: Writing, made: readonly CreatedRow[]) {
  if (made.length === 0) return
  const events = createdEvents(writing, made)
  await db().$executeRaw`WITH told AS (${insertEvents(events)}) ${updateCreated(writing, made, always)}`
  countRecorded(events)
}

/**
 * Access begins: the cluster said allowed. Signed, because credentials are given out by this.
 * @throws AppError `conflict` when somebody ended the grant meanwhile
 */
export async function saveActive(
  writing: Writing,
  {
    made,
    probes,
    activatedAt,
    expiresAt,
    judged,
  }: {
    made: readonly CreatedRow[]
    probes: Probes
    activatedAt: Date
    expiresAt: Date
    judged: { verdict: Verdict; difference: Difference | null } | null
  },
) {
  const { id, actor, about } = writing
  const told = judged ? { judged: judgedData(judged.verdict, judged.difference) } : {}
  const data = { expiresAt: expiresAt.toISOString(), probes: probes.results.length, ...told }
  const active: NewAuditEvent = { type: 'grant.active', actor, data, about }
  const signature = signatureOf('grant', activationStatement({ ...writing, activatedAt, expiresAt }))
  const set = { activatedAt, expiresAt, allowedProbes: probes, nextAttemptAt: expiresAt, signature, ...settled }
  const together = made.length > 0 ? [updateCreated(writing, made, ifMoved)] : []
  await moveGrant(db(), id, 'pending', 'active', [...createdEvents(writing, made), active], set, together)
}

/** After a move that succeeded nothing is wrong any more, and the lease is over. */
const settled = { attempts: 0, lastError: null, leaseUntil: null, leasedBy: null }

/**
 * The wish that access ends, decided by Postern itself; the lease stays. `failure` says why the cluster refused, `signatureFailure`
 * which record was not written by Postern, and `stoppedBy` which guardrails were in the way.
 * @throws AppError `conflict` when somebody was faster
 */
export async function saveEnding(
  { id, actor, about }: Writing,
  from: GrantStatus,
  {
    endedBy,
    note,
    code,
    stoppedBy = [],
    signatureFailure,
    now,
  }: {
    endedBy: EndReason
    note: string | null
    code?: string
    stoppedBy?: readonly string[]
    signatureFailure?: SignatureFailure
    now: Date
  },
) {
  const data = { endedBy, note: note && clip(note), ...namesOf(stoppedBy) }
  const ending: NewAuditEvent = { type: 'grant.ending', actor, data, about }
  const type = from === 'active' ? 'grant.repair-failed' : 'grant.failed'
  const failed: NewAuditEvent[] =
    endedBy === 'failure' ? [{ type, actor, data: { code: code ?? 'refused', sentence: clip(note ?? '') }, about }] : []
  const refused: NewAuditEvent[] = signatureFailure
    ? [{ type: 'record.rejected', actor, data: signatureFailure, about }]
    : []
  await moveGrant(db(), id, from, 'ending', [...refused, ...failed, ending], {
    endingAt: now,
    endedBy,
    endedByName: 'Postern',
    endNote: note,
    lastError: endedBy === 'failure' ? note : null,
    attempts: 0,
    nextAttemptAt: now,
  })
}

const updateRemoved = ({ id }: Writing, removed: readonly RemovedRow[], when: Prisma.Sql) => Prisma.sql`
    UPDATE grant_objects o SET removed_at = clock_timestamp()
    FROM jsonb_to_recordset(${JSON.stringify(removed)}::jsonb) AS m(kind text, namespace text, name text)
    WHERE o.grant_id = ${id} AND o.removed_at IS NULL
      AND (o.kind, o.namespace, o.name) = (m.kind, m.namespace, m.name) AND ${when}`

const removedEvents = ({ actor, about }: Writing, removed: readonly RemovedRow[]): NewAuditEvent[] =>
  removed.flatMap((object): NewAuditEvent[] => {
    const { uid, alreadyGone } = object
    const data = { ...bare(object), uid, ...(alreadyGone ? { alreadyGone } : {}) }
    return uid ? [{ type: 'grant.object-removed', actor, data, about }] : []
  })

/** What was removed, where the end is not proven yet. */
export async function saveRemoved(writing: Writing, removed: readonly RemovedRow[]) {
  if (removed.length === 0) return
  const events = removedEvents(writing, removed)
  await db().$executeRaw`WITH told AS (${insertEvents(events)}) ${updateRemoved(writing, removed, always)}`
  countRecorded(events)
}

/** What these objects were found to be, where nothing of that is on record. */
export async function saveFingerprints({ id }: Writing, found: ReadonlyArray<ObjectKey & { fingerprint: string }>) {
  const prints = found.map(({ fingerprint, ...object }) => ({ ...bare(object), fingerprint }))
  await db().$executeRaw`
    UPDATE grant_objects o SET fingerprint = m.fingerprint
    FROM jsonb_to_recordset(${JSON.stringify(prints)}::jsonb)
      AS m(kind text, namespace text, name text, fingerprint text)
    WHERE o.grant_id = ${id} AND o.fingerprint IS NULL AND (o.kind, o.namespace, o.name) = (m.kind, m.namespace, m.name)`
}

/** What was removed in order to be made anew: it stays an object of the grant. */
export async function recordRemoved(writing: Writing, removed: readonly RemovedRow[]) {
  await recordEvents(db(), removedEvents(writing, removed))
}

/**
 * A live grant is as it was approved: what was removed and made for that, if anything. It is due again at its end.
 */
export async function saveInspected(
  writing: Writing,
  worker: string,
  { removed, made, until }: { removed: readonly RemovedRow[]; made: readonly CreatedRow[]; until: Date },
) {
  const { id, actor, about } = writing
  await transaction(async (tx) => {
    await recordEvents(tx, [...removedEvents(writing, removed), ...createdEvents(writing, made)])
    if (made.length > 0) await tx.$executeRaw`${updateCreated(writing, made, always)}`
    const repaired = await settleFindings(tx, id)
    await recordEvents(
      tx,
      repaired.map((object) => ({ type: 'grant.repaired', actor, about, data: object })),
    )
    await tx.$executeRaw`
      UPDATE grants SET lease_until = NULL, leased_by = NULL, attempts = 0, last_error = NULL,
        next_attempt_at = CASE WHEN status = 'active' THEN ${until} ELSE next_attempt_at END
      WHERE id = ${id} AND leased_by = ${worker}`
  })
}

/** Access is over: everything is gone and the cluster said denied. The sentence of a failure stays with the grant. */
export async function saveEnded(
  writing: Writing,
  {
    removed,
    probes,
    endedBy,
    endedAt,
  }: { removed: readonly RemovedRow[]; probes: Probes; endedBy: EndReason; endedAt: Date },
) {
  const { id, actor, about } = writing
  const ended: NewAuditEvent = { type: 'grant.ended', actor, data: { endedBy, probes: probes.results.length }, about }
  const { lastError: _, ...rest } = settled
  const kept = endedBy === 'failure' ? {} : { lastError: null }
  const set = { endedAt, deniedProbes: probes, nextAttemptAt: null, ...rest, ...kept }
  const together = [endFindings(id, ifMoved), ...(removed.length > 0 ? [updateRemoved(writing, removed, ifMoved)] : [])]
  await moveGrant(db(), id, 'ending', 'ended', [...removedEvents(writing, removed), ended], set, together)
}
