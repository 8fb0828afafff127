import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export const slackToken = 'xoxb-for-tests-only'

/** A message as the room shows it now. */
export type RoomMessage = { ts: string; channel: string; body: Record<string, unknown>; changes: number }

export type ChatServer = {
  /** For `notifications.slack.apiUrl`. */
  slackUrl: string
  /** For POSTERN_TEAMS_URL. */
  teamsUrl: string
  /** Someone in the Slack workspace; returns their direct conversation with Postern. */
  addUser(email: string, user?: { deleted?: boolean }): string
  /** The messages in Slack, in order. */
  messages(): readonly RoomMessage[]
  /** The cards that the Teams workflow received. */
  cards(): readonly Record<string, unknown>[]
  /** Someone deletes every message in Slack. */
  deleteAll(): void
  /** From now on every call is answered so; undefined: as usual. `hang`: those to Slack get no answer. */
  answer(how: { status?: number; headers?: Record<string, string>; json?: object } | 'hang' | undefined): void
  calls(): number
  stop(): Promise<void>
}

/**
 * A loopback server with the documented behaviour of Slack's Web API (chat.postMessage, chat.update, users.lookupByEmail and
 * conversations.open: HTTP 200 with `ok` and an error code, 429 with Retry-After) and of a Teams workflow that a webhook request starts (202 without a body).
 */
export async function startChatServer(): Promise<ChatServer> {
  let messages: RoomMessage[] = []
  const cards: Record<string, unknown>[] = []
  const users = new Map<string, { id: string; deleted: boolean }>()
  let how: Parameters<ChatServer['answer']>[0]
  let count = 0

  function slack(method: string, authorization: string | undefined, body: Record<string, unknown>): object {
    if (authorization !== `Bearer ${slackToken}`) return { ok: false, error: 'invalid_auth' }
    if (method === 'chat.postMessage') {
      const message = {
        ts: `1700000000.${String(count).padStart(6, '0')}`,
        channel: String(body.channel),
        body,
        changes: 0,
      }
      messages.push(message)
      return { ok: true, ts: message.ts, channel: message.channel }
    }
    if (method === 'users.lookupByEmail') {
      const user = users.get(String(body.email).toLowerCase())
      return user ? { ok: true, user } : { ok: false, error: 'users_not_found' }
    }
    if (method === 'conversations.open') {
      const isKnown = [...users.values()].some(({ id }) => id === body.users)
      return isKnown ? { ok: true, channel: { id: `D${body.users}` } } : { ok: false, error: 'user_not_found' }
    }
    const known = messages.find(({ ts, channel }) => ts === body.ts && channel === body.channel)
    if (!known) return { ok: false, error: 'message_not_found' }
    known.body = body
    known.changes += 1
    return { ok: true, ts: known.ts, channel: known.channel }
  }

  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    count += 1
    const isSlack = request.url?.startsWith('/api/')
    if (how === 'hang' && isSlack) return
    if (how && how !== 'hang') {
      response.writeHead(how.status ?? 200, { 'content-type': 'application/json', ...how.headers })
      response.end(JSON.stringify(how.json ?? {}))
      return
    }
    const isForm = request.headers['content-type'] === 'application/x-www-form-urlencoded'
    const body = (isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text)) as Record<string, unknown>
    if (request.url === '/workflows/key') {
      cards.push(body)
      response.writeHead(202).end()
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(slack(request.url?.replace('/api/', '') ?? '', request.headers.authorization, body)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    slackUrl: `${base}/api`,
    teamsUrl: `${base}/workflows/key`,
    addUser: (email, { deleted = false } = {}) => {
      const id = `U${String(users.size + 1).padStart(6, '0')}`
      users.set(email.toLowerCase(), { id, deleted })
      return `D${id}`
    },
    messages: () => messages,
    cards: () => cards,
    deleteAll: () => {
      messages = []
    },
    answer: (next) => {
      how = next
    },
    calls: () => count,
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
