import type { FindingRow } from '#lib/adapters/db/clusters/findings'
import type { FindingKind, FindingOutcome } from '#lib/core/access/finding'
import type { FindingResource } from '#lib/core/access/finding-resource'

/** One finding as it is shown to everyone who may see its grant or its cluster. */
export function toFindingResource(row: FindingRow): FindingResource {
  const { id, kind, objectKind, namespace, name, uid, sentence, times } = row
  return {
    ...{ id, sentence, times },
    kind: kind as FindingKind,
    object: { kind: objectKind, namespace, name, uid },
    firstSeenAt: row.firstSeenAt.toISOString(),
    lastSeenAt: row.lastSeenAt.toISOString(),
    resolvedAt: row.resolvedAt?.toISOString() ?? null,
    outcome: row.outcome as FindingOutcome | null,
  }
}
