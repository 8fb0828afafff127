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
import { activationStatement, endStatement } from '#lib/core/signing/statements'
import type { SignatureFailure } from '#lib/core/signing/verify-records'
import { Prisma } from '../generated/client.ts'
import { insertNames, intentRecorded } from './create-grant.ts'

// The writes of a worker about one grant, each together with its events in one statement, which is one transaction.

/** The grant, its owner, and the worker that writes. */
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
 * `uid` is null if the object was probably never created; then no deletion is recorded. `alreadyGone`: it had been
 * created, but no longer existed.
 */
export type RemovedRow = ObjectKey & { uid: string | null; alreadyGone: boolean }

const bare = ({ kind, namespace, name }: ObjectKey) => ({ kind, namespace, name })

/**
 * Saves the intent: the names of all objects, before any of them is created (promise 1). Names and event are one
 * statement, because it delays access.
 * @throws AppError `conflict` when the grant was ended meanwhile
 */
export async function saveIntent({ id, cluster, actor, about }: Writing, objects: readonly ObjectKey[]) {
  const event = intentRecorded(actor, about, objects)
  // The lock orders this against a simultaneous end of the grant.
  const count = await db().$executeRaw`
    WITH mine AS (SELECT id FROM grants WHERE id = ${id} AND status = 'pending' FOR SHARE),
    recorded AS (${insertEvents([event], Prisma.sql`EXISTS (SELECT FROM mine)`)})
    ${insertNames(cluster, objects, Prisma.sql`SELECT id FROM mine`)}`
  if (count === 0) throw new AppError('conflict', 'This grant is no longer pending.')
  countRecorded([event])
}

const always = Prisma.sql`true`

const updateCreated = ({ id }: Writing, created: readonly CreatedRow[], when: Prisma.Sql) => Prisma.sql`
    UPDATE grant_objects o SET uid = m.uid, created_at = m."createdAt", fingerprint = m.fingerprint
    FROM jsonb_to_recordset(${JSON.stringify(created)}::jsonb)
      AS m(kind text, namespace text, name text, uid text, "createdAt" timestamptz, fingerprint text)
    WHERE o.grant_id = ${id} AND (o.kind, o.namespace, o.name) = (m.kind, m.namespace, m.name) AND ${when}`

const createdEvents = ({ actor, about }: Writing, created: readonly CreatedRow[]): NewAuditEvent[] =>
  created.map((object) => ({ type: 'grant.object-created', actor, data: { ...bare(object), uid: object.uid }, about }))

/** Saves created objects while further steps follow before access begins or is repaired. */
export async function saveCreated(writing: Writing, created: readonly CreatedRow[]) {
  if (created.length === 0) return
  const events = createdEvents(writing, created)
  await db().$executeRaw`WITH recorded AS (${insertEvents(events)}) ${updateCreated(writing, created, always)}`
  countRecorded(events)
}

/**
 * Access begins: the cluster allowed it. The activation is signed, because credentials are issued on its basis.
 * @throws AppError `conflict` when the grant was ended meanwhile
 */
export async function saveActive(
  writing: Writing,
  {
    created,
    probes,
    activatedAt,
    expiresAt,
    judged,
    supersedes,
  }: {
    created: readonly CreatedRow[]
    probes: Probes
    activatedAt: Date
    expiresAt: Date
    judged: { verdict: Verdict; difference: Difference | null } | null
    /** The access that this one extends: it ends in the same statement. */
    supersedes: { id: string; about: About } | null
  },
) {
  const { id, actor, about } = writing
  const judgement = judged ? { judged: judgedData(judged.verdict, judged.difference) } : {}
  const data = { expiresAt: expiresAt.toISOString(), probes: probes.results.length, ...judgement }
  const active: NewAuditEvent = { type: 'grant.active', actor, data, about }
  const signature = signatureOf('grant', activationStatement({ ...writing, activatedAt, expiresAt }))
  const set = { activatedAt, expiresAt, allowedProbes: probes, nextAttemptAt: expiresAt, signature, ...settled }
  const together = created.length > 0 ? [updateCreated(writing, created, ifMoved)] : []
  const ending = { type: 'grant.ending', actor, data: { endedBy: 'superseded', note: null } } as const
  const superseded = supersedes && {
    ...{ id: supersedes.id, at: activatedAt },
    event: { ...ending, about: supersedes.about },
  }
  await moveGrant(
    db(),
    id,
    'pending',
    'active',
    [...createdEvents(writing, created), active],
    set,
    together,
    superseded,
  )
}

/** A successful step clears earlier failures and releases the lease. */
const settled = { attempts: 0, lastError: null, leaseUntil: null, leasedBy: null }

/**
 * Postern itself ends access; the lease is kept. For `failure`, `note` and `code` say why the cluster refused;
 * `signatureFailure` names the record without a valid signature, and `stoppedBy` the guardrails that blocked.
 * @throws AppError `conflict` when the grant's status has changed meanwhile
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
    return uid ? [{ type: 'grant.object-deleted', actor, data, about }] : []
  })

/** Saves deleted objects while the end is not confirmed yet. */
export async function saveRemoved(writing: Writing, removed: readonly RemovedRow[]) {
  if (removed.length === 0) return
  const events = removedEvents(writing, removed)
  await db().$executeRaw`WITH recorded AS (${insertEvents(events)}) ${updateRemoved(writing, removed, always)}`
  countRecorded(events)
}

/** Saves the fingerprints of existing objects that have none stored yet. */
export async function saveFingerprints({ id }: Writing, found: ReadonlyArray<ObjectKey & { fingerprint: string }>) {
  const fingerprints = found.map(({ fingerprint, ...object }) => ({ ...bare(object), fingerprint }))
  await db().$executeRaw`
    UPDATE grant_objects o SET fingerprint = m.fingerprint
    FROM jsonb_to_recordset(${JSON.stringify(fingerprints)}::jsonb)
      AS m(kind text, namespace text, name text, fingerprint text)
    WHERE o.grant_id = ${id} AND o.fingerprint IS NULL AND (o.kind, o.namespace, o.name) = (m.kind, m.namespace, m.name)`
}

/** Records objects that were deleted to be created again; they remain objects of the grant. */
export async function recordRemoved(writing: Writing, removed: readonly RemovedRow[]) {
  await recordEvents(db(), removedEvents(writing, removed))
}

/**
 * The objects of a live grant are as approved: saves which ones were deleted and created for that, if any. The grant is
 * due again at its end.
 */
export async function saveInspected(
  writing: Writing,
  worker: string,
  { removed, created, until }: { removed: readonly RemovedRow[]; created: readonly CreatedRow[]; until: Date },
) {
  const { id, actor, about } = writing
  await transaction(async (tx) => {
    await recordEvents(tx, [...removedEvents(writing, removed), ...createdEvents(writing, created)])
    if (created.length > 0) await tx.$executeRaw`${updateCreated(writing, created, always)}`
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

/**
 * Access has ended: all objects are deleted and the cluster denied it. The end is signed with its probes, because pages
 * say *ended* on its basis. The reason of a failure is kept.
 */
export async function saveEnded(
  writing: Writing,
  {
    removed,
    probes,
    endedBy,
    endedAt,
  }: { removed: readonly RemovedRow[]; probes: Probes; endedBy: EndReason; endedAt: Date },
) {
  const { id, cluster, actor, about } = writing
  const ended: NewAuditEvent = { type: 'grant.ended', actor, data: { endedBy, probes: probes.results.length }, about }
  const { lastError: _, ...rest } = settled
  const kept = endedBy === 'failure' ? {} : { lastError: null }
  const endSignature = signatureOf('end', endStatement({ id, cluster, endedBy, endedAt, deniedProbes: probes }))
  const set = { endedAt, deniedProbes: probes, endSignature, nextAttemptAt: null, ...rest, ...kept }
  const together = [endFindings(id, ifMoved), ...(removed.length > 0 ? [updateRemoved(writing, removed, ifMoved)] : [])]
  await moveGrant(db(), id, 'ending', 'ended', [...removedEvents(writing, removed), ended], set, together)
}

/**
 * Reopens a grant whose row says that it ended, although no worker signed that: it ends again, properly.
 * @throws AppError `conflict` when the grant's status has changed meanwhile
 */
export async function reopenEnd({ id, actor, about }: Writing, signatureFailure: SignatureFailure, now: Date) {
  const rejected: NewAuditEvent = { type: 'record.rejected', actor, data: signatureFailure, about }
  await moveGrant(db(), id, 'ended', 'ending', rejected, {
    ...{ endedAt: null, deniedProbes: null, endSignature: null },
    ...{ attempts: 0, lastError: signatureFailure.sentence, nextAttemptAt: now },
  })
}
