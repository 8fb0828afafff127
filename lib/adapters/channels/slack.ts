import type { Exceptions } from '#lib/adapters/outbound'
import { asSlack } from '#lib/core/notices/as-slack'
import { type Channel, DeliveryFailed } from './channel.ts'
import { type Answer, post, requireSuccess } from './post.ts'

// Slack's Web API: JSON with a bot token; HTTP 200 with `ok: false` and a code for most errors, and 429 with Retry-After.
// https://docs.slack.dev/apis/web-api and https://docs.slack.dev/reference/methods/chat.postMessage

export type SlackSettings = { channel: string; apiUrl: string }

type SlackAnswer = { ok?: boolean; error?: string; ts?: string; channel?: string }

/** The message is gone, or too old to be changed: a new one says what happened. */
const notChangeable = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed'])
/** Slack can't read this message. Any other error is of the token, of the channel, or of Slack itself. */
const ofTheMessage = new Set([
  'invalid_blocks',
  'invalid_blocks_format',
  'msg_too_long',
  'msg_blocks_too_long',
  'no_text',
])

function parsed(host: string, { body }: Answer): SlackAnswer {
  try {
    return JSON.parse(body) as SlackAnswer
  } catch {
    throw new DeliveryFailed(`${host} sent no JSON`, { isOfChannel: true })
  }
}

/** A code is one word; anything else in its place is not repeated. */
const codeOf = ({ error = '' }: SlackAnswer) => (/^[a-z_]{1,60}$/.test(error) ? error : 'unknown_error')

/** One message for each request: it is changed when something new happens, until it was deleted. */
export function openSlack({ channel, apiUrl }: SlackSettings, token: string, exceptions: Exceptions): Channel {
  const { host } = new URL(apiUrl)
  const base = apiUrl.replace(/\/$/, '')
  async function call(method: string, body: object): Promise<SlackAnswer> {
    const headers = { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${token}` }
    const answer = await post(`${base}/${method}`, headers, JSON.stringify(body), exceptions)
    requireSuccess(host, answer)
    return parsed(host, answer)
  }
  function receiptOf(answer: SlackAnswer): string {
    if (answer.ok && answer.ts && answer.channel) return `${answer.channel} ${answer.ts}`
    const code = codeOf(answer)
    const isPermanent = ofTheMessage.has(code)
    throw new DeliveryFailed(`${host} responded ${code}`, { isPermanent, isOfChannel: !isPermanent })
  }
  return {
    // Slack allows about one message a second in a channel.
    concurrency: 1,
    updates: true,
    send: async ({ content, earlier }) => {
      // A link in a message must not load a preview.
      const message = { ...asSlack(content), unfurl_links: false, unfurl_media: false }
      const [room, ts] = earlier?.split(' ') ?? []
      if (room && ts) {
        const changed = await call('chat.update', { ...message, channel: room, ts })
        if (changed.ok || !notChangeable.has(codeOf(changed))) return receiptOf(changed)
      }
      return receiptOf(await call('chat.postMessage', { ...message, channel }))
    },
    close: () => {},
  }
}
