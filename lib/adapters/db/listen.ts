import 'server-only'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { env } from '#lib/env'

export type Listener = {
  /** Resolves when it listens for the first time. */
  ready: Promise<void>
  /** False while the connection is down: notifications are lost then. */
  isConnected(): boolean
  stop(): Promise<void>
}

type Options = {
  /**
   * Called after every connect, including the first: earlier notifications may be missing, so read the current state.
   */
  onConnected?: () => void
  /** Called when the connection is lost or fails, before the next attempt. For the log. */
  onLost?: (error: Error) => void
}

/** Milliseconds. The keep-alive query detects a dead peer even if the network drops everything silently. */
const keepAlive = { every: 10_000, answerWithin: 5_000 }
const longestPause = 5_000

/**
 * Listens for NOTIFY on `channels` over a separate connection, which reconnects whenever it breaks. `onMessage` gets
 * the notifications that are sent while it is connected; none are replayed. PostgreSQL limits a payload to 8000 bytes.
 */
export function listen(
  channels: readonly string[],
  onMessage: (channel: string, payload: string) => void,
  options: Options = {},
): Listener {
  const stopping = new AbortController()
  const { promise: ready, resolve: markReady } = Promise.withResolvers<void>()
  let connected = false
  let failures = 0

  async function listenOnce() {
    const client = new pg.Client({
      connectionString: env().databaseUrl,
      application_name: 'postern-listener',
      connectionTimeoutMillis: 2_000,
      query_timeout: keepAlive.answerWithin,
      keepAlive: true,
    })
    const lost = Promise.withResolvers<Error>()
    const stopped = () => lost.resolve(new Error('stopped'))
    client.on('error', lost.resolve)
    client.on('end', () => lost.resolve(new Error('the connection ended')))
    client.on('notification', ({ channel, payload }) => onMessage(channel, payload ?? ''))
    stopping.signal.addEventListener('abort', stopped)
    const timer = setInterval(() => client.query('SELECT 1').catch(lost.resolve), keepAlive.every)
    try {
      await client.connect()
      for (const channel of channels) await client.query(`LISTEN ${client.escapeIdentifier(channel)}`)
      connected = true
      failures = 0
      markReady()
      options.onConnected?.()
      throw await lost.promise
    } finally {
      connected = false
      clearInterval(timer)
      stopping.signal.removeEventListener('abort', stopped)
      // A dead peer never confirms the end.
      await Promise.race([client.end().catch(() => {}), delay(1_000, undefined, { ref: false })])
    }
  }

  async function listenUntilStopped() {
    while (!stopping.signal.aborted) {
      try {
        await listenOnce()
      } catch (error) {
        if (stopping.signal.aborted) return
        options.onLost?.(error as Error)
      }
      failures += 1
      const pause = Math.min(longestPause, 100 * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2)
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  const ended = listenUntilStopped()
  return {
    ready,
    isConnected: () => connected,
    stop: async () => {
      stopping.abort()
      await ended
    },
  }
}
