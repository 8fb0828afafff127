import { saveFavourite } from '#lib/adapters/db/people/favourites'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { isAmong } from '#lib/core/access/entitlement'
import { notFound } from '#lib/core/access/errors'

/**
 * Keeps an entitlement on this person's page, or no longer. It is no event: it changes nobody's access.
 * @throws AppError `not-found` for an entitlement that this person can't request
 */
export async function setFavourite(
  { person }: PersonActor,
  { entitlement, favourite }: { entitlement: string; favourite: boolean },
): Promise<{ favourite: boolean }> {
  const { entitlements } = currentPolicy().configuration
  const isTheirs = entitlements.some(({ name, who }) => name === entitlement && isAmong(who, person))
  // Someone who has lost an entitlement can still take its star away.
  if (favourite && !isTheirs) throw notFound()
  await saveFavourite(person.id, entitlement, favourite)
  return { favourite }
}
