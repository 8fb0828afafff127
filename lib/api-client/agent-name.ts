import { visible } from '#lib/core/access/visible-text'

/** As long as the API accepts. */
const longestName = 100

export const unnamed = 'unnamed agent'

/** A name on one line, of the length that the API accepts. */
const shown = (name: string): string => visible(name).trim().slice(0, longestName).trim() || unnamed

/** How an agent calls itself. NB: it may call itself anything. */
export const agentName = (client: { name: string; title?: string | undefined; version: string }): string =>
  shown(`${client.title ?? client.name} ${client.version}`)

// Clients of the protocol before 2026-07-28 name themselves once, and repeat in each call the session id that they got then.
// Ours is the name: nothing is kept here, and the id of another session opens nothing.

export const sessionIdOf = (agent: string): string => Buffer.from(agent).toString('base64url')

export const agentOfSession = (sessionId: string | null): string =>
  sessionId === null ? unnamed : shown(Buffer.from(sessionId, 'base64url').toString())
