import { gatherGrants, gatherPeopleOfSets } from '#lib/adapters/db/requests/gather-requests'
import type { PersonActor } from '#lib/core/access/actor'
import { notFound } from '#lib/core/access/errors'
import type { GrantResource } from '#lib/core/access/grant-resource'
import { idSchema } from '#lib/core/access/ids'
import { maySee } from '#lib/core/access/may-see'
import { isGrantUnderWay } from '#lib/core/access/under-way'
import { toGrantResource } from './grant-resource.ts'

/**
 * One grant with its objects, probes and credentials.
 * @throws AppError `not-found` if there is none, or this person may not see it
 */
export async function getGrant(actor: PersonActor, id: string): Promise<GrantResource> {
  if (!idSchema('grant').safeParse(id).success) throw notFound()
  const [row] = await gatherGrants([id])
  const deciderIds = row?.request.decisions.map(({ personId }) => personId) ?? []
  // "Not there" and "not yours" are one answer.
  if (!row || !maySee(actor, { ...row.request, deciderIds })) throw notFound()
  const { now } = await gatherPeopleOfSets([])
  return toGrantResource(actor, row.request, row, now)
}

/** The status of a grant, for a caller who waits for its end. @throws see getGrant() */
export async function getGrantState(actor: PersonActor, id: string) {
  const { status, requestId } = await getGrant(actor, id)
  return { body: { status }, isUnderWay: isGrantUnderWay({ status }), requestId }
}
