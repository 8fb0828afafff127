import { type SavedFilter, savedFiltersOf } from '#lib/adapters/db/people/saved-filters'
import type { PersonActor } from '#lib/core/access/actor'

/** The filters of the history that this person has saved. */
export const savedFilters = (actor: PersonActor): Promise<SavedFilter[]> => savedFiltersOf(actor.person.id)
