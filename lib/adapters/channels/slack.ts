import type { Exceptions } from '#lib/adapters/outbound'
import { asSlack } from '#lib/core/notices/as-slack'
import { type Channel, DeliveryFailed, type Outgoing } from './channel.ts'
import { type Answer, post, requireSuccess } from './post.ts'

// Slack's Web API: JSON with a bot token; HTTP 200 with `ok: false` and a code for most errors, and 429 with Retry-After.
// https://docs.slack.dev/apis/web-api and https://docs.slack.dev/reference/methods/chat.postMessage

type SlackAnswer = {
  ok?: boolean
  error?: string
  ts?: string
  channel?: string | { id?: string }
  user?: { id?: string; deleted?: boolean; is_bot?: boolean }
}

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

/** Calls of the Web API with a token. */
function slackApi(apiUrl: string, token: string, exceptions: Exceptions) {
  const { host } = new URL(apiUrl)
  const base = apiUrl.replace(/\/$/, '')
  /** @param body methods that read take a form only, the others JSON too */
  async function call(method: string, body: object | URLSearchParams): Promise<SlackAnswer> {
    const [type, text] =
      body instanceof URLSearchParams
        ? ['application/x-www-form-urlencoded', body.toString()]
        : ['application/json; charset=utf-8', JSON.stringify(body)]
    const headers = { 'content-type': type, authorization: `Bearer ${token}` }
    const answer = await post(`${base}/${method}`, headers, text, exceptions)
    requireSuccess(host, answer)
    return parsed(host, answer)
  }
  function failureOf(answer: SlackAnswer): DeliveryFailed {
    const code = codeOf(answer)
    const isPermanent = ofTheMessage.has(code)
    return new DeliveryFailed(`${host} responded ${code}`, { isPermanent, isOfChannel: !isPermanent })
  }
  function receiptOf(answer: SlackAnswer): string {
    if (answer.ok && answer.ts && typeof answer.channel === 'string') return `${answer.channel} ${answer.ts}`
    throw failureOf(answer)
  }
  return {
    call,
    failureOf,
    /** Changes the earlier message about the same request, or adds one if there is none, or none that can be changed. */
    async write(channel: string, { content, earlier }: Pick<Outgoing, 'content' | 'earlier'>): Promise<string> {
      // A link in a message must not load a preview.
      const message = { ...asSlack(content), unfurl_links: false, unfurl_media: false }
      const [room, ts] = earlier?.split(' ') ?? []
      if (room && ts) {
        const changed = await call('chat.update', { ...message, channel: room, ts })
        if (changed.ok || !notChangeable.has(codeOf(changed))) return receiptOf(changed)
      }
      return receiptOf(await call('chat.postMessage', { ...message, channel }))
    },
  }
}

/** One message for each request in a channel: it is changed when something new happens, until it was deleted. */
export function openSlack(
  { channel, apiUrl }: { channel: string; apiUrl: string },
  token: string,
  exceptions: Exceptions,
): Channel {
  const { write } = slackApi(apiUrl, token, exceptions)
  return {
    // Slack allows about one message a second in a channel.
    concurrency: 1,
    updates: true,
    send: (message) => write(channel, message),
    close: () => {},
  }
}

/** Milliseconds. An address that someone takes over in Slack gets no message to its earlier owner for longer than this. */
const addressKnownFor = 600_000

/** One direct message for each request to each person, whom Slack knows by the address that the identity provider has verified. */
export function openSlackDirect({ apiUrl }: { apiUrl: string }, token: string, exceptions: Exceptions): Channel {
  const { call, failureOf, write } = slackApi(apiUrl, token, exceptions)
  const known = new Map<string, { room: string; until: number }>()

  /** The conversation with the person of this address; undefined if no one in the workspace has it. */
  async function roomOf(email: string): Promise<string | undefined> {
    const kept = known.get(email)
    if (kept && kept.until > performance.now()) return kept.room
    known.delete(email)
    const found = await call('users.lookupByEmail', new URLSearchParams({ email }))
    if (!found.ok && codeOf(found) === 'users_not_found') return undefined
    const { id, deleted, is_bot: isBot } = found.user ?? {}
    if (!found.ok || id === undefined) throw failureOf(found)
    if (deleted || isBot) return undefined
    const opened = await call('conversations.open', { users: id })
    const room = typeof opened.channel === 'object' ? opened.channel.id : undefined
    if (!opened.ok || room === undefined) throw failureOf(opened)
    known.set(email, { room, until: performance.now() + addressKnownFor })
    return room
  }
  return {
    concurrency: 1,
    updates: true,
    send: async (message) => {
      const room = message.to ? await roomOf(message.to.address) : undefined
      if (room === undefined) return undefined
      // Not the message in a conversation with someone who had this address before.
      const earlier = message.earlier?.startsWith(`${room} `) ? message.earlier : null
      return write(room, { ...message, earlier })
    },
    close: () => {},
  }
}
