import { browsersOf } from '#lib/adapters/db/notices/browsers'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'

/** `isThis`: the one that the page was opened with. NB: no endpoint and no key leaves the server. */
export type OwnBrowser = { id: string; label: string; addedAt: string; isThis: boolean }

/**
 * The browsers in which this person is notified, and the key with which another can be added; null if none can.
 * @param here what the cookie of this browser names
 */
export async function ownBrowsers(
  actor: PersonActor,
  here: string | undefined,
): Promise<{ publicKey: string | null; browsers: OwnBrowser[] }> {
  const browsers = await browsersOf(actor.person.id)
  return {
    publicKey: currentPolicy().configuration.notifications?.browser?.publicKey ?? null,
    browsers: browsers.map(({ id, label, createdAt }) => {
      return { id, label, addedAt: createdAt.toISOString(), isThis: id === here }
    }),
  }
}
