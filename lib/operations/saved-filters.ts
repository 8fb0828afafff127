import { transaction } from '#lib/adapters/db/client'
import { deleteFilter, saveFilter } from '#lib/adapters/db/people/saved-filters'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { filterInQuery, queryOf } from '#lib/core/audit/filter-terms'

/** More than a person finds again. */
const most = 50

/**
 * Saves a filter of the history for this person. A filter is only what the page's address has anyway, and says nothing
 * about what its reader may see.
 * @throws AppError `invalid` for a filter without terms, or one too many
 */
export async function saveHistoryFilter(
  { person }: PersonActor,
  { name, query }: { name: string; query: string },
): Promise<{ name: string }> {
  const terms = queryOf(filterInQuery(new URLSearchParams(query)))
  if (terms === '') throw invalid('/query', 'must have at least one term')
  await transaction(async (tx) => {
    const count = await saveFilter(tx, person.id, { name, query: terms })
    if (count > most) throw invalid('/name', `${most} filters are saved already. Delete one first.`)
  })
  return { name }
}

export async function deleteHistoryFilter(
  { person }: PersonActor,
  { name }: { name: string },
): Promise<{ name: string }> {
  await deleteFilter(person.id, name)
  return { name }
}

const invalid = (pointer: string, message: string) =>
  new AppError('invalid', 'The filter was not saved.', { errors: [{ pointer, message }] })
