import { createECDH, createHash } from 'node:crypto'
import webPush from 'web-push'
import type { Exceptions } from '#lib/adapters/outbound'
import { isOfPushService, type PushSubscription } from '#lib/core/access/push-subscription'
import { asPush } from '#lib/core/notices/as-push'
import { type Channel, DeliveryFailed } from './channel.ts'
import { post, requireSuccess } from './post.ts'

// Web Push (RFC 8030): encrypted for one browser (RFC 8291), signed with the key of this installation (VAPID, RFC 8292).

export type BrowserSettings = { publicKey: string; contact: string; services: string[] }

export type Browser = PushSubscription & { id: string }
export type Browsers = {
  /** The browsers in which a person is notified now. */
  of(personId: string): Promise<Browser[]>
  /** The push service no longer knows the browser. */
  forget(id: string): Promise<void>
}

/** Seconds. A browser that is off for longer shows nothing of a day ago. */
const keptFor = 12 * 3600

/** Does the private key belong to the public one of the configuration? */
export function areVapidKeys(publicKey: string, privateKey: string): boolean {
  const pair = createECDH('prime256v1')
  try {
    pair.setPrivateKey(privateKey, 'base64url')
  } catch {
    return false
  }
  return pair.getPublicKey('base64url') === publicKey
}

/** Of at most 32 characters (RFC 8030 §5.4): a later message about the same replaces one that was not delivered yet. */
const topicOf = (thread: string) => createHash('sha256').update(thread).digest('base64url').slice(0, 32)

/** A notice is sent once one browser of the person has it, so that none shows it again because another has failed. */
export function openBrowser(
  { publicKey, contact, services }: BrowserSettings,
  privateKey: string,
  { exceptions, browsers }: { exceptions: Exceptions; browsers: Browsers },
): Channel {
  /** @throws DeliveryFailed */
  async function push({ id, endpoint, p256dh, auth }: Browser, thread: string, payload: string): Promise<boolean> {
    if (!isOfPushService(endpoint, services)) {
      await browsers.forget(id)
      return false
    }
    const { headers, body } = webPush.generateRequestDetails({ endpoint, keys: { p256dh, auth } }, payload, {
      vapidDetails: { subject: contact, publicKey, privateKey },
      ...{ TTL: keptFor, urgency: 'high', topic: topicOf(thread) },
    })
    const answer = await post(endpoint, headers as Record<string, string>, body, exceptions, { scope: 'public' })
    if (answer.status === 404 || answer.status === 410) {
      await browsers.forget(id)
      return false
    }
    requireSuccess(new URL(endpoint).host, answer)
    return true
  }
  return {
    concurrency: 4,
    send: async ({ content, to }) => {
      const payload = JSON.stringify(asPush(content))
      const outcomes = await Promise.allSettled(
        (to ? await browsers.of(to.id) : []).map((browser) => push(browser, content.thread, payload)),
      )
      if (outcomes.some((one) => one.status === 'fulfilled' && one.value)) return null
      const failure = outcomes.find((one) => one.status === 'rejected')?.reason
      if (failure === undefined) return undefined
      if (!(failure instanceof DeliveryFailed)) throw failure
      const { message, isPermanent, retryAfterSeconds } = failure
      // Each browser has a push service of its own, so a failure says nothing about other people.
      throw new DeliveryFailed(message, { isPermanent, retryAfterSeconds })
    },
    close: () => {},
  }
}
