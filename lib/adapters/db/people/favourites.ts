import { db, reads } from '#lib/adapters/db/client'

/** The names of the entitlements that a person keeps at hand. */
export async function favouritesOf(personId: string): Promise<string[]> {
  const rows = await reads().favourite.findMany({ where: { personId }, select: { entitlement: true } })
  return rows.map(({ entitlement }) => entitlement)
}

/** Keeps an entitlement at hand, or no longer. Doing either twice is fine. */
export async function saveFavourite(personId: string, entitlement: string, isFavourite: boolean): Promise<void> {
  if (isFavourite) await db().favourite.createMany({ data: [{ personId, entitlement }], skipDuplicates: true })
  else await db().favourite.deleteMany({ where: { personId, entitlement } })
}
