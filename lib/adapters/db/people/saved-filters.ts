import { db, reads, type Tx } from '#lib/adapters/db/client'

export type SavedFilter = { name: string; query: string }

/** The filters that a person has saved, by name. */
export const savedFiltersOf = (personId: string): Promise<SavedFilter[]> =>
  reads().savedFilter.findMany({ where: { personId }, select: { name: true, query: true }, orderBy: { name: 'asc' } })

/** Saves a filter, in place of the one with the same name. Returns how many the person has then. */
export async function saveFilter(tx: Tx, personId: string, { name, query }: SavedFilter): Promise<number> {
  await tx.savedFilter.upsert({
    where: { personId_name: { personId, name } },
    create: { personId, name, query },
    update: { query },
  })
  return tx.savedFilter.count({ where: { personId } })
}

export async function deleteFilter(personId: string, name: string): Promise<void> {
  await db().savedFilter.deleteMany({ where: { personId, name } })
}
