import { reads } from '#lib/adapters/db/client'
import { idSchema } from '#lib/core/access/ids'

export type Readers = { requesterId: string; approverGroups: string[]; deciderIds: string[] }

/**
 * The people who may read a request, by its id or that of its grant, for maySee(). Undefined if it does not exist, if
 * neither id is given, or if both are and do not belong together.
 */
export async function findReaders({
  request,
  grant,
}: {
  request?: string
  grant?: string
}): Promise<Readers | undefined> {
  if (request === undefined && grant === undefined) return undefined
  if (request !== undefined && !idSchema('request').safeParse(request).success) return undefined
  if (grant !== undefined && !idSchema('grant').safeParse(grant).success) return undefined
  const row = await reads().request.findFirst({
    where: { id: request, ...(grant === undefined ? {} : { grant: { id: grant } }) },
    select: { requesterId: true, approverGroups: true, decisions: { select: { personId: true } } },
  })
  if (!row) return undefined
  const { requesterId, approverGroups, decisions } = row
  return { requesterId, approverGroups, deciderIds: decisions.map(({ personId }) => personId) }
}
