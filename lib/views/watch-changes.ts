import { type Changes, subscribeToChanges } from '#lib/adapters/db/changes'
import type { PersonActor } from '#lib/core/access/actor'
import { maySee } from '#lib/core/access/may-see'

const concerns = (actor: PersonActor, changes: Changes): boolean =>
  changes === null || changes.some((request) => maySee(actor, request))

/**
 * Calls `onChange` after each change of something that this person may see, without saying what changed: the page loads
 * its data again, and that is authorized again. Ends when the returned function is called.
 * @param since milliseconds since 1970, when the page was rendered: a change after that is reported at once
 */
export const watchChanges = (actor: PersonActor, onChange: () => void, since?: number): (() => void) =>
  subscribeToChanges((changes) => {
    if (concerns(actor, changes)) onChange()
  }, since)
