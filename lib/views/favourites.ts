import { favouritesOf } from '#lib/adapters/db/people/favourites'
import type { PersonActor } from '#lib/core/access/actor'

/** The names of the entitlements that this person keeps at hand; some may no longer exist. */
export const favourites = (actor: PersonActor): Promise<string[]> => favouritesOf(actor.person.id)
