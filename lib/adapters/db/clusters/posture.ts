import { clip, type NewAuditEvent, recordEvents } from '#lib/adapters/db/audit/audit'
import { reads, type Tx, transaction } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { toJson } from '#lib/adapters/db/json'
import type { SystemActor } from '#lib/core/access/actor'
import {
  type OwnRights,
  ownRights,
  type PostureAcceptance,
  type PostureFinding,
  type PostureResource,
  postureAcceptance,
  postureFinding,
} from '#lib/core/access/posture-finding'
import { compareSeverity } from '#lib/core/access/severity'
import { type StandingAccess, standingAccess } from '#lib/core/access/standing-access'
import type { Posture } from '#lib/core/rbac/posture/judge'
import type { KeyedFinding } from '#lib/core/rbac/posture/keyed-finding'
import { Prisma } from '../generated/client.ts'

// The findings about the standing access in each cluster, with their history.

/** The most findings of a cluster that are stored. */
const mostFindings = 5_000
/** The most events of one judgement. A cluster that is restored from a backup changes all at once. */
const mostEvents = 200
/** The findings that a notice can name. */
const mostNamed = 20

/** What the open findings of the cluster were judged from, or null if an acceptance has expired or nothing was judged yet. */
export async function postureBasis(cluster: string): Promise<string | null> {
  const [row] = await reads().$queryRaw<Array<{ basis: string; hasExpired: boolean }>>`
    SELECT basis, EXISTS (SELECT FROM posture_findings f WHERE f.cluster = s.cluster AND f.resolved_at IS NULL
      AND f.accepted_until <= now()) AS "hasExpired"
    FROM posture_states s WHERE cluster = ${cluster}`
  return row && !row.hasExpired ? row.basis : null
}

export const postureBindingText = ({ binding: { kind, namespace, name } }: PostureFinding): string =>
  `${kind} ${namespace ? `${namespace}/` : ''}${name}`

/** A finding with why postern.yaml suppresses it; null if it doesn't. */
export type JudgedFinding = KeyedFinding & { suppressed: string | null }
export type Judgement = {
  basis: string
  findings: readonly JudgedFinding[]
  own: readonly OwnRights[]
  standing: Posture['standing']
}

type Row = Prisma.PostureFindingGetPayload<object>

const openRows = (tx: Tx, cluster: string) => tx.postureFinding.findMany({ where: { cluster, resolvedAt: null } })

async function resolve(tx: Tx, rows: readonly Row[]) {
  await tx.postureFinding.updateMany({
    where: { id: { in: rows.map(({ id }) => id) }, resolvedAt: null },
    data: { resolvedAt: new Date() },
  })
}

/** NB: with the time of the judgement. Prisma's own default is the clock of this process, a moment later. */
async function open(tx: Tx, cluster: string, found: ReadonlyArray<JudgedFinding & { id: string }>, now: Date) {
  await tx.postureFinding.createMany({
    data: found.map(({ id, key, digest, suppressed, finding }) => ({
      ...{ id, cluster, key, digest, suppressed, severity: finding.severity, detail: toJson(finding) },
      ...{ since: now, changedAt: now },
    })),
  })
}

/** Brings an open finding up to date. An acceptance ends with its time, or when the finding says something else. */
async function update(tx: Tx, row: Row, one: JudgedFinding, now: Date) {
  const isChanged = row.digest !== one.digest
  const isExpired = row.acceptedUntil !== null && row.acceptedUntil <= now
  const ended = isExpired ? 'expired' : isChanged ? 'changed' : null
  const cause: 'expired' | 'changed' | null = row.acceptedUntil === null ? null : ended
  const isSame =
    !isChanged &&
    cause === null &&
    row.suppressed === one.suppressed &&
    JSON.stringify(row.detail) === JSON.stringify(one.finding)
  if (!isSame)
    await tx.postureFinding.update({
      where: { id: row.id },
      data: {
        ...{ detail: toJson(one.finding), digest: one.digest, suppressed: one.suppressed },
        ...(isChanged ? { changedAt: now } : {}),
        ...(cause === null ? {} : { acceptance: Prisma.DbNull, acceptedUntil: null }),
      },
      select: { id: true },
    })
  return { row, one, isChanged, cause }
}

type Updated = Awaited<ReturnType<typeof update>>

function openedEvents(actor: SystemActor, cluster: string, opened: ReadonlyArray<JudgedFinding & { id: string }>) {
  return opened.map(({ id, finding }): NewAuditEvent => {
    const { check, severity, subjects, sentence, role } = finding
    const binding = postureBindingText(finding)
    const data = {
      id,
      check,
      severity,
      subjects,
      sentence: clip(sentence),
      binding,
      role: `${role.kind} ${role.name}`.trim(),
    }
    return { type: 'posture.opened', actor, data, about: { cluster } }
  })
}

function updatedEvents(actor: SystemActor, cluster: string, updated: readonly Updated[]) {
  return updated.flatMap(({ row, one: { finding }, isChanged, cause }): NewAuditEvent[] => {
    const { check, severity, subjects } = finding
    const data = { id: row.id, check, severity, binding: postureBindingText(finding) }
    const events: NewAuditEvent[] = []
    if (isChanged) events.push({ type: 'posture.changed', actor, data: { ...data, subjects }, about: { cluster } })
    if (cause) events.push({ type: 'posture.acceptance-ended', actor, data: { ...data, cause }, about: { cluster } })
    return events
  })
}

function resolvedEvents(actor: SystemActor, cluster: string, gone: readonly Row[]) {
  return gone.flatMap(({ id, detail }): NewAuditEvent[] => {
    const finding = postureFinding.safeParse(detail).data
    if (!finding) return []
    const { check, severity } = finding
    const data = { id, check, severity, binding: postureBindingText(finding) }
    return [{ type: 'posture.resolved', actor, data, about: { cluster } }]
  })
}

/** The event that people are notified of; none without a high finding that is new to them. */
function worsenedEvents(actor: SystemActor, cluster: string, ids: readonly string[], leftOut: number): NewAuditEvent[] {
  if (ids.length + leftOut === 0) return []
  const data = { count: ids.length + leftOut, ids: ids.slice(0, mostNamed) }
  return [{ type: 'posture.worsened', actor, data, about: { cluster } }]
}

/**
 * The findings that are stored, and how many are left out. The most severe ones come first, then those that nothing suppresses, then
 * those that are stored already: someone who creates thousands of bindings can't make an earlier finding look resolved.
 */
function choose(findings: readonly JudgedFinding[], known: ReadonlySet<string>, most: number) {
  const rank = ({ key, suppressed }: JudgedFinding) => Number(suppressed !== null) * 2 + Number(!known.has(key))
  const sorted = findings.toSorted(
    (a, b) => compareSeverity(b.finding.severity, a.finding.severity) || rank(a) - rank(b),
  )
  return { kept: sorted.slice(0, most), leftOut: sorted.slice(most) }
}

const isNotified = ({ suppressed, finding }: JudgedFinding) => suppressed === null && finding.severity === 'high'

/**
 * Saves a judgement: opens what is new, resolves what is gone and ends acceptances, with an event each. The first judgement
 * of a cluster has one event for all, and is its baseline until someone takes one.
 */
export async function savePosture(
  actor: SystemActor,
  cluster: string,
  { basis, findings, own, standing }: Judgement,
  most = mostFindings,
) {
  await transaction(async (tx) => {
    const ownJson = JSON.stringify(own)
    const standingJson = JSON.stringify(standing.access)
    const [state] = await tx.$queryRaw<Array<{ isFirst: boolean; now: Date; leftOut: number; leftOutHigh: number }>>`
      INSERT INTO posture_states AS s (cluster, basis, own, standing, standing_count)
      VALUES (${cluster}, ${basis}, ${ownJson}::jsonb, ${standingJson}::jsonb, ${standing.count})
      ON CONFLICT (cluster) DO UPDATE SET basis = ${basis}, own = ${ownJson}::jsonb, standing = ${standingJson}::jsonb,
        standing_count = ${standing.count}, judged_at = now()
      RETURNING (xmax = 0) AS "isFirst", now() AS now, left_out AS "leftOut", left_out_high AS "leftOutHigh"`
    if (!state) throw new Error('the state of a posture was not stored')
    const rows = await openRows(tx, cluster)
    const rowOf = new Map(rows.map((row) => [row.key, row]))
    const { kept, leftOut } = choose(findings, new Set(rowOf.keys()), most)
    const leftOutHigh = leftOut.filter(isNotified).length
    if (leftOut.length !== state.leftOut || leftOutHigh !== state.leftOutHigh)
      await tx.$executeRaw`
        UPDATE posture_states SET left_out = ${leftOut.length}, left_out_high = ${leftOutHigh} WHERE cluster = ${cluster}`
    const now = new Map(kept.map(({ key, finding }) => [key, finding]))
    const opened = kept
      .filter(({ key, finding }) => rowOf.get(key)?.severity !== finding.severity)
      .map((one) => ({ ...one, id: newId('finding') }))
    const gone = rows.filter(({ key, severity }) => now.get(key)?.severity !== severity)
    await resolve(tx, gone)
    await open(tx, cluster, opened, state.now)
    const updated: Updated[] = []
    for (const one of kept) {
      const row = rowOf.get(one.key)
      if (row && row.severity === one.finding.severity) updated.push(await update(tx, row, one, state.now))
    }
    if (state.isFirst) {
      const count = (severity: string) => kept.filter(({ finding }) => finding.severity === severity).length
      const data = { high: count('high'), medium: count('medium') }
      await recordEvents(tx, [{ type: 'posture.recorded', actor, data, about: { cluster } }])
      return
    }
    const worse = [
      ...opened.filter(isNotified).map(({ id }) => id),
      ...updated
        .filter(({ row, one, isChanged, cause }) => isNotified(one) && (isChanged || cause !== null || row.suppressed))
        .map(({ row }) => row.id),
    ]
    await recordEvents(tx, [
      // First, because it must never be among those that are left out.
      ...worsenedEvents(actor, cluster, worse, Math.max(0, leftOutHigh - state.leftOutHigh)),
      ...[
        ...openedEvents(actor, cluster, opened),
        ...updatedEvents(actor, cluster, updated),
        ...resolvedEvents(actor, cluster, gone),
      ].slice(0, mostEvents),
    ])
  })
}

/** An open finding, locked until the transaction ends; null if there is none. */
export async function lockFinding(tx: Tx, cluster: string, id: string) {
  const [row] = await tx.$queryRaw<Array<{ detail: unknown; digest: string; isAccepted: boolean; now: Date }>>`
    SELECT detail, digest, coalesce(accepted_until > now(), false) AS "isAccepted", now() AS now FROM posture_findings
    WHERE id = ${id} AND cluster = ${cluster} AND resolved_at IS NULL FOR UPDATE`
  const finding = postureFinding.safeParse(row?.detail).data
  return row && finding ? { ...row, finding } : null
}

export async function saveAcceptance(tx: Tx, id: string, acceptance: PostureAcceptance): Promise<void> {
  const data = { acceptance: toJson(acceptance), acceptedUntil: new Date(acceptance.until) }
  await tx.postureFinding.update({ where: { id }, data, select: { id: true } })
}

export async function removeAcceptance(tx: Tx, id: string): Promise<void> {
  const data = { acceptance: Prisma.DbNull, acceptedUntil: null }
  await tx.postureFinding.update({ where: { id }, data, select: { id: true } })
}

/** The state of a posture, locked until the transaction ends; null if nothing was judged yet. */
export async function lockPosture(tx: Tx, cluster: string): Promise<{ judgedAt: Date; baselineAt: Date } | null> {
  const [row] = await tx.$queryRaw<Array<{ judgedAt: Date; baselineAt: Date }>>`
    SELECT judged_at AS "judgedAt", baseline_at AS "baselineAt" FROM posture_states WHERE cluster = ${cluster} FOR UPDATE`
  return row ?? null
}

/** Returns how many open findings it covers. */
export async function saveBaseline(tx: Tx, cluster: string, at: Date, by: string) {
  await tx.postureState.update({
    where: { cluster },
    data: { baselineAt: at, baselineBy: by },
    select: { cluster: true },
  })
  const [count] = await tx.$queryRaw<Array<{ high: number; medium: number }>>`
    SELECT count(*) FILTER (WHERE severity = 'high')::int AS high, count(*) FILTER (WHERE severity = 'medium')::int AS medium
    FROM posture_findings
    WHERE cluster = ${cluster} AND resolved_at IS NULL AND date_trunc('milliseconds', changed_at) <= ${at}`
  return count ?? { high: 0, medium: 0 }
}

/** Of these findings, the open high ones that are neither accepted nor suppressed. */
export async function worseFindings(cluster: string, ids: readonly string[]): Promise<PostureFinding[]> {
  const rows = await reads().postureFinding.findMany({
    where: { cluster, id: { in: [...ids] }, resolvedAt: null, severity: 'high', suppressed: null, acceptedUntil: null },
    orderBy: { id: 'asc' },
    select: { detail: true },
  })
  return rows.flatMap(({ detail }) => postureFinding.safeParse(detail).data ?? [])
}

// `high` comes before `medium` in the alphabet too.
const mostSevereFirst: Prisma.PostureFindingOrderByWithRelationInput[] = [
  { severity: 'asc' },
  { since: 'desc' },
  { id: 'desc' },
]

const mostShown = 500
const mostSuppressed = 100
const mostResolved = 50

function shownFinding(row: Row, baselineAt: Date): PostureResource['open'] {
  const finding = postureFinding.safeParse(row.detail).data
  if (!finding) return []
  const acceptance = postureAcceptance.safeParse(row.acceptance).data ?? null
  const { id, digest, since, changedAt, suppressed, resolvedAt } = row
  return [
    {
      ...{ ...finding, id, digest, acceptance, suppressed, isNew: changedAt > baselineAt },
      ...{ since: since.toISOString(), changedAt: changedAt.toISOString() },
      resolvedAt: resolvedAt?.toISOString() ?? null,
    },
  ]
}

/** Every open finding of a cluster with its key, also those that are accepted or suppressed. */
export async function readOpenFindings(cluster: string) {
  const now = new Date()
  const [state, rows] = await Promise.all([
    reads().postureState.findUnique({ where: { cluster }, select: { baselineAt: true } }),
    reads().postureFinding.findMany({
      where: { cluster, resolvedAt: null },
      orderBy: mostSevereFirst,
      take: mostFindings,
    }),
  ])
  return rows.flatMap((row) => {
    // An acceptance whose end has passed counts no more, although the worker has not ended it yet.
    const isAccepted = row.acceptedUntil !== null && row.acceptedUntil > now
    const current = isAccepted ? row : { ...row, acceptance: null }
    return shownFinding(current, state?.baselineAt ?? now).map((finding) => ({ ...finding, key: row.key }))
  })
}

export type StoredPosture = Omit<PostureResource, 'longestAcceptance' | 'standing'> & { standing: StandingAccess[] }

/** The findings of a cluster as they are stored. */
export async function readPosture(cluster: string): Promise<StoredPosture> {
  const now = new Date()
  const isOpen = { cluster, resolvedAt: null }
  const isAccepted = { ...isOpen, suppressed: null, acceptedUntil: { gt: now } }
  const isSuppressed = { ...isOpen, suppressed: { not: null } }
  const isShown = { ...isOpen, suppressed: null, OR: [{ acceptedUntil: null }, { acceptedUntil: { lte: now } }] }
  const find = (where: Prisma.PostureFindingWhereInput, take: number) =>
    reads().postureFinding.findMany({ where, orderBy: mostSevereFirst, take })
  const countOf = (where: Prisma.PostureFindingWhereInput) => reads().postureFinding.count({ where })
  const [state, rights, open, counts, accepted, acceptedCount, suppressed, suppressedCount, resolved] =
    await Promise.all([
      reads().postureState.findUnique({ where: { cluster } }),
      reads().clusterRights.findUnique({ where: { cluster }, select: { readAt: true, error: true } }),
      find(isShown, mostShown),
      reads().postureFinding.groupBy({ by: ['severity'], where: isShown, _count: true }),
      find(isAccepted, mostShown),
      countOf(isAccepted),
      find(isSuppressed, mostSuppressed),
      countOf(isSuppressed),
      reads().postureFinding.findMany({
        where: { cluster, resolvedAt: { not: null } },
        orderBy: { resolvedAt: 'desc' },
        take: mostResolved,
      }),
    ])
  const baselineAt = state?.baselineAt ?? now
  const newHighCount = await countOf({
    ...isShown,
    severity: 'high',
    changedAt: { gte: new Date(baselineAt.getTime() + 1) },
  })
  const shown = (rows: readonly Row[]) => rows.flatMap((row) => shownFinding(row, baselineAt))
  const count = (severity: string) => counts.find((row) => row.severity === severity)?._count ?? 0
  return {
    cluster,
    judgedAt: state?.judgedAt.toISOString() ?? null,
    readAt: rights?.readAt?.toISOString() ?? null,
    unknown: rights?.error ?? null,
    baseline: state && { at: state.baselineAt.toISOString(), by: state.baselineBy },
    open: shown(open),
    openCount: { high: count('high'), medium: count('medium'), low: count('low') },
    newHighCount,
    leftOutCount: state?.leftOut ?? 0,
    accepted: shown(accepted),
    acceptedCount,
    suppressed: shown(suppressed),
    suppressedCount,
    own: ownRights.array().safeParse(state?.own).data ?? [],
    standing: standingAccess.array().safeParse(state?.standing).data ?? [],
    standingCount: state?.standingCount ?? 0,
    resolved: shown(resolved),
  }
}
