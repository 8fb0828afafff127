import type { GrantStatus } from '#lib/access/status'
import { keyText, type ObjectKind } from '#lib/grants/manifests'
import type { KnownGrants } from '#lib/grants/strays'
import { db } from './client.ts'

type Row = {
  id: string
  status: GrantStatus
  cluster: string
  objects: Array<{ kind: ObjectKind; namespace: string; name: string }>
}

/** What is on record about these grants. Ids that are nobody's are left out. */
export async function knownGrants(ids: readonly string[]): Promise<KnownGrants> {
  const rows = await db().$queryRaw<Row[]>`
    SELECT g.id, g.status, g.cluster,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', o.kind, 'namespace', o.namespace, 'name', o.name)), '[]')
        FROM grant_objects o WHERE o.grant_id = g.id) AS objects
    FROM grants g WHERE g.id = ANY(${[...ids]}::text[])`
  return new Map(
    rows.map(({ id, status, cluster, objects }) => [id, { status, cluster, objects: new Set(objects.map(keyText)) }]),
  )
}
