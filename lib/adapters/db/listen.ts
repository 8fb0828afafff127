import 'server-only'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { env } from '#lib/env'

export type Listener = {
  /** Resolves when the channels are heard for the first time. */
  ready: Promise<void>
  /** False while the connection is down: what is notified then is never heard. */
  isConnected(): boolean
  stop(): Promise<void>
}

type Options = {
  /** After every connection, the first one too: whatever was notified before it was missed, so look for yourself. */
  onConnected?: () => void
  /** The connection is lost or could not be made; it is tried again. For the log. */
  onLost?: (error: Error) => void
}

/** A dead peer is noticed within this time even if the network swallows everything. Milliseconds. */
const pulse = { every: 10_000, answerWithin: 5_000 }
const longestPause = 5_000

/**
 * Hears NOTIFY on `channels` over a connection of its own, which is made again whenever it breaks. `onMessage` gets what
 * was sent while the connection stood; nothing is replayed. PostgreSQL limits a payload to 8000 bytes.
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

  async function hear() {
    const client = new pg.Client({
      connectionString: env().databaseUrl,
      application_name: 'postern-listener',
      connectionTimeoutMillis: 2_000,
      query_timeout: pulse.answerWithin,
      keepAlive: true,
    })
    const lost = Promise.withResolvers<Error>()
    const stopped = () => lost.resolve(new Error('stopped'))
    client.on('error', lost.resolve)
    client.on('end', () => lost.resolve(new Error('the connection ended')))
    client.on('notification', ({ channel, payload }) => onMessage(channel, payload ?? ''))
    stopping.signal.addEventListener('abort', stopped)
    const beat = setInterval(() => client.query('SELECT 1').catch(lost.resolve), pulse.every)
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
      clearInterval(beat)
      stopping.signal.removeEventListener('abort', stopped)
      // A dead peer never answers the goodbye.
      await Promise.race([client.end().catch(() => {}), delay(1_000, undefined, { ref: false })])
    }
  }

  async function hearForEver() {
    while (!stopping.signal.aborted) {
      try {
        await hear()
      } catch (error) {
        if (stopping.signal.aborted) return
        options.onLost?.(error as Error)
      }
      failures += 1
      const pause = Math.min(longestPause, 100 * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2)
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  const ended = hearForEver()
  return {
    ready,
    isConnected: () => connected,
    stop: async () => {
      stopping.abort()
      await ended
    },
  }
}
