import { reads } from '#lib/adapters/db/client'
import type { Entitlement } from '#lib/core/access/entitlement'
import type { Rule } from '#lib/core/access/rule'
import type { SubjectKind } from '#lib/core/grants/names'

export type ActiveGrant = {
  id: string
  requestId: string
  title: string
  namespaces: string[]
  rules: Rule[]
  clusterRole: string | null
  subject: SubjectKind
  expiresAt: Date
}

/** The active grants of a person in a cluster. The caller checks whether the reader may see them. */
export async function findGrantsHeldBy(personId: string, cluster: string): Promise<ActiveGrant[]> {
  const rows = await reads().$queryRaw<Array<Omit<ActiveGrant, 'title'> & { entitlement: Entitlement }>>`
    SELECT g.id, r.id AS "requestId", e.document AS entitlement, r.namespaces, r.rules,
      r.cluster_role AS "clusterRole",
      CASE WHEN EXISTS (SELECT FROM grant_objects a WHERE a.grant_id = g.id AND a.kind = 'ServiceAccount')
        THEN 'ServiceAccount' ELSE 'User' END AS subject, g.expires_at AS "expiresAt"
    FROM requests r JOIN grants g ON g.request_id = r.id JOIN entitlement_versions e ON e.hash = r.entitlement_hash
    WHERE r.requester_id = ${personId} AND g.cluster = ${cluster} AND g.status = 'active' AND g.expires_at > now()
    ORDER BY g.expires_at DESC, g.id`
  return rows.map(({ entitlement, ...row }) => ({ ...row, title: entitlement.title }))
}
