import { Webhook } from 'standardwebhooks'
import type { Exceptions } from '#lib/adapters/outbound'
import { asWebhook } from '#lib/core/notices/as-webhook'
import type { Channel } from './channel.ts'
import { post, requireSuccess } from './post.ts'

/** A webhook as Standard Webhooks describes it: an id that stays the same over all attempts, a time and a signature. */
export function openWebhook({ url }: { url: string }, secret: string, exceptions: Exceptions): Channel {
  const signer = new Webhook(secret)
  return {
    concurrency: 4,
    send: async ({ id, at, facts, content }) => {
      const body = JSON.stringify(asWebhook(facts, content, at))
      const now = new Date()
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': signer.sign(id, now, body),
      }
      requireSuccess(new URL(url).host, await post(url, headers, body, exceptions))
      return null
    },
    close: () => {},
  }
}
