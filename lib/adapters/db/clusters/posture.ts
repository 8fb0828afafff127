import { clip, type NewAuditEvent, recordEvents } from '#lib/adapters/db/audit/audit'
import { reads, transaction } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { toJson } from '#lib/adapters/db/json'
import type { SystemActor } from '#lib/core/access/actor'
import { type PostureFinding, type PostureResource, postureFinding } from '#lib/core/access/posture-finding'
import type { KeyedFinding } from '#lib/core/rbac/posture/judge'

// The findings about the standing access in each cluster, with their history.

/** The most findings of a cluster that are kept; the most severe ones. */
const mostFindings = 5_000
/** The most events of one judgement. A cluster that is restored from a backup changes all at once. */
const mostEvents = 200

/** What the open findings of the cluster were judged from; null if they never were. */
export async function postureBasis(cluster: string): Promise<string | null> {
  const state = await reads().postureState.findUnique({ where: { cluster }, select: { basis: true } })
  return state?.basis ?? null
}

const bindingText = ({ binding: { kind, namespace, name } }: PostureFinding) =>
  `${kind} ${namespace ? `${namespace}/` : ''}${name}`

/**
 * Saves a judgement: opens what is new, resolves what is gone, with an event each. The first judgement of a cluster has one
 * event for all.
 */
export async function savePosture(actor: SystemActor, cluster: string, basis: string, found: readonly KeyedFinding[]) {
  const kept = found.slice(0, mostFindings)
  await transaction(async (tx) => {
    const [before] = await tx.$queryRaw<Array<{ isFirst: boolean }>>`
      INSERT INTO posture_states AS s (cluster, basis) VALUES (${cluster}, ${basis})
      ON CONFLICT (cluster) DO UPDATE SET basis = ${basis}, judged_at = now()
      RETURNING (xmax = 0) AS "isFirst"`
    const open = await tx.postureFinding.findMany({ where: { cluster, resolvedAt: null } })
    const openKeys = new Map(open.map((row) => [row.key, row]))
    const now = new Map(kept.map(({ key, finding }) => [key, finding]))
    const isNew = ({ key, finding }: KeyedFinding) => openKeys.get(key)?.severity !== finding.severity
    const opened = kept.filter(isNew).map((one) => ({ ...one, id: newId('finding') }))
    const gone = open.filter(({ key, severity }) => now.get(key)?.severity !== severity)
    await tx.postureFinding.updateMany({
      where: { id: { in: gone.map(({ id }) => id) }, resolvedAt: null },
      data: { resolvedAt: new Date() },
    })
    await tx.postureFinding.createMany({
      data: opened.map(({ id, key, finding }) => ({
        ...{ id, cluster, key, severity: finding.severity, detail: toJson(finding) },
      })),
    })
    // The chain of an open finding may change: another subject, another permission.
    for (const { key, finding } of kept) {
      const row = openKeys.get(key)
      if (!row || row.severity !== finding.severity || JSON.stringify(row.detail) === JSON.stringify(finding)) continue
      await tx.postureFinding.update({ where: { id: row.id }, data: { detail: toJson(finding) }, select: { id: true } })
    }
    const count = (severity: string) => kept.filter(({ finding }) => finding.severity === severity).length
    const about = { cluster }
    const events: NewAuditEvent[] = before?.isFirst
      ? [{ type: 'posture.recorded', actor, data: { high: count('high'), medium: count('medium') }, about }]
      : [
          ...opened.map(({ id, finding }): NewAuditEvent => {
            const { check, severity, subjects, sentence, role } = finding
            const data = { id, check, severity, subjects, sentence: clip(sentence), binding: bindingText(finding) }
            return { type: 'posture.opened', actor, data: { ...data, role: `${role.kind} ${role.name}` }, about }
          }),
          ...gone.flatMap(({ id, detail }): NewAuditEvent[] => {
            const finding = postureFinding.safeParse(detail).data
            if (!finding) return []
            const { check, severity } = finding
            return [
              { type: 'posture.resolved', actor, data: { id, check, severity, binding: bindingText(finding) }, about },
            ]
          }),
        ]
    await recordEvents(tx, events.slice(0, mostEvents))
  })
}

const mostShown = 500
const mostResolved = 50

/** The findings of a cluster as they are stored. */
export async function readPosture(cluster: string): Promise<PostureResource> {
  const [state, rights, open, counts, resolved] = await Promise.all([
    reads().postureState.findUnique({ where: { cluster } }),
    reads().clusterRights.findUnique({ where: { cluster }, select: { readAt: true, error: true } }),
    reads().postureFinding.findMany({
      where: { cluster, resolvedAt: null },
      // `high` comes before `medium` in the alphabet too.
      orderBy: [{ severity: 'asc' }, { since: 'desc' }, { id: 'desc' }],
      take: mostShown,
    }),
    reads().postureFinding.groupBy({ by: ['severity'], where: { cluster, resolvedAt: null }, _count: true }),
    reads().postureFinding.findMany({
      where: { cluster, resolvedAt: { not: null } },
      orderBy: { resolvedAt: 'desc' },
      take: mostResolved,
    }),
  ])
  const shown = (rows: typeof open) =>
    rows.flatMap(({ id, detail, since, resolvedAt }) => {
      const finding = postureFinding.safeParse(detail).data
      if (!finding) return []
      return [{ ...finding, id, since: since.toISOString(), resolvedAt: resolvedAt?.toISOString() ?? null }]
    })
  const count = (severity: string) => counts.find((row) => row.severity === severity)?._count ?? 0
  return {
    cluster,
    judgedAt: state?.judgedAt.toISOString() ?? null,
    readAt: rights?.readAt?.toISOString() ?? null,
    unknown: rights?.error ?? null,
    open: shown(open),
    openCount: { high: count('high'), medium: count('medium'), low: count('low') },
    resolved: shown(resolved),
  }
}
