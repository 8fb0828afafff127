import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { deleteBrowser, insertBrowser } from '#lib/adapters/db/notices/browsers'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import type { Id } from '#lib/core/access/ids'
import { isOfPushService, type PushSubscription } from '#lib/core/access/push-subscription'

/** More than a person uses; each notice is pushed to all of them. */
const mostBrowsers = 10

const invalid = (pointer: string, message: string) =>
  new AppError('invalid', 'This browser was not added.', { errors: [{ pointer, message }] })

/**
 * Notifies the caller in this browser from now on. It is about no one else, so everyone may.
 * @throws AppError `invalid` without `notifications.browser`, for an address that is not of a push service, or for an eleventh browser
 */
export async function addBrowser(
  actor: PersonActor,
  subscription: PushSubscription,
  label: string,
): Promise<{ id: Id<'browser'> }> {
  const { browser } = currentPolicy().configuration.notifications ?? {}
  if (!browser) throw invalid('', 'Browser notifications are not configured.')
  if (!isOfPushService(subscription.endpoint, browser.services))
    throw invalid('/endpoint', 'is not an address of a push service in notifications.browser.services')
  const id = newId('browser')
  await transaction(async (tx) => {
    const count = await insertBrowser(tx, { ...subscription, id, personId: actor.person.id, label })
    if (count > mostBrowsers)
      throw invalid('', `You are notified in ${mostBrowsers} browsers already. Remove one first.`)
    await recordEvent(tx, { type: 'notices.browser-added', actor, data: { browser: label } })
  })
  return { id }
}

/** @throws AppError `not-found` for a browser of someone else, or one that was removed */
export async function removeBrowser(actor: PersonActor, id: Id<'browser'>): Promise<{ id: Id<'browser'> }> {
  await transaction(async (tx) => {
    const label = await deleteBrowser(tx, actor.person.id, id)
    if (label === null) throw notFound()
    await recordEvent(tx, { type: 'notices.browser-removed', actor, data: { browser: label } })
  })
  return { id }
}
