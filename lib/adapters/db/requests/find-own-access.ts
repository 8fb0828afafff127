import { reads } from '#lib/adapters/db/client'
import type { Rule } from '#lib/core/access/rule'

export type OwnAccess = { requestId: string; cluster: string; namespaces: string[]; rules: Rule[] }

/** More than anyone holds at once with the limits that Postern comes with. */
const most = 200

/** A person's active access, then what is approved and not active yet, then what is pending; newest first in each. */
export const findOwnAccess = (personId: string): Promise<OwnAccess[]> =>
  reads().$queryRaw<OwnAccess[]>`
    SELECT r.id AS "requestId", r.cluster, r.namespaces, r.rules
    FROM requests r LEFT JOIN grants g ON g.request_id = r.id
    WHERE r.requester_id = ${personId} AND (
      (r.status = 'pending' AND r.lapses_at > now()) OR g.status = 'pending'
      OR (g.status = 'active' AND g.expires_at > now()))
    ORDER BY g.status = 'active' DESC NULLS LAST, r.status = 'approved' DESC, g.expires_at DESC, r.id DESC LIMIT ${most}`
