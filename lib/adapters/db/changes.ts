import { reads } from './client.ts'
import { type Listener, listen } from './listen.ts'

/** The channel of the triggers `…_announce` (prisma/migrations): the id of a request, or `*`. */
const channel = 'postern_change'
const forEveryone = '*'

/** Milliseconds. Changes within this time become one lookup, and one message to each subscriber. */
const collectMs = 250

/** A request that changed, with what decides who may see it. */
export type ChangedRequest = { requesterId: string; approverGroups: string[]; deciderIds: string[] }

/** The requests that changed; null when the change concerns everyone, or when changes may have been missed. */
export type Changes = readonly ChangedRequest[] | null

/** Milliseconds for which changes are remembered, for pages that were rendered before their stream was open. */
const rememberMs = 30_000
/** Milliseconds by which the clocks of two replicas may differ: one may have rendered the page, the other serve the stream. */
const clockSkewMs = 5_000

type Hub = {
  listener: Listener
  subscribers: Set<(changes: Changes) => void>
  /** Called with each id as it is announced. */
  hearers: Set<(id: string) => void>
  /** What was published lately, oldest first; what came before `rememberedFrom` is not known. */
  recent: Array<{ at: number; changes: Changes }>
  rememberedFrom: number
}

// One connection for all subscribers of this process, because Next bundles routes apart from each other.
const shared = globalThis as typeof globalThis & { posternChanges?: Hub }

async function findAudiences(ids: readonly string[]): Promise<ChangedRequest[]> {
  return reads().$queryRaw<ChangedRequest[]>`
    SELECT r.requester_id AS "requesterId", r.approver_groups AS "approverGroups",
      ARRAY(SELECT d.person_id FROM decisions d WHERE d.request_id = r.id) AS "deciderIds"
    FROM requests r WHERE r.id = ANY(${[...ids]}::text[])`
}

function startHub(): Hub {
  const subscribers: Hub['subscribers'] = new Set()
  const hearers: Hub['hearers'] = new Set()
  const recent: Hub['recent'] = []
  let collected = new Set<string>()
  let isScheduled = false

  async function publish() {
    isScheduled = false
    const ids = collected
    collected = new Set()
    // A failed lookup must not lose a change, so then every page reloads.
    const changes = ids.has(forEveryone) ? null : await findAudiences([...ids]).catch(() => null)
    const at = Date.now()
    while (recent[0] && recent[0].at < at - rememberMs) recent.shift()
    recent.push({ at, changes })
    for (const subscriber of subscribers) subscriber(changes)
  }

  function collect(id: string) {
    for (const hear of hearers) hear(id)
    collected.add(id)
    if (isScheduled) return
    isScheduled = true
    setTimeout(publish, collectMs)
  }

  const listener = listen([channel], (_channel, payload) => collect(payload), {
    // Nothing is replayed, so changes may have been missed before every connection.
    onConnected: () => collect(forEveryone),
  })
  return { listener, subscribers, hearers, recent, rememberedFrom: Date.now() }
}

/**
 * Calls `onChanges` after each change that a page may show, until the returned function is called. Changes of about
 * a quarter of a second come together. The connection to the database is made for the first subscriber and kept.
 * @param since milliseconds since 1970: changes after that are reported at once
 */
export function subscribeToChanges(onChanges: (changes: Changes) => void, since?: number): () => void {
  shared.posternChanges ??= startHub()
  const { subscribers, recent, rememberedFrom } = shared.posternChanges
  if (since !== undefined) {
    const isForgotten = since < Math.max(rememberedFrom, Date.now() - rememberMs)
    if (isForgotten) onChanges(null)
    else for (const { at, changes } of recent) if (at >= since - clockSkewMs) onChanges(changes)
  }
  subscribers.add(onChanges)
  return () => subscribers.delete(onChanges)
}

/** What has changed since it was opened. Knows ids only: a caller reads again, and is authorized again. */
export type RequestChanges = {
  /**
   * Resolves once the request has changed, or may have: at once if it did since the last call. False after `ms`, or when
   * it is closed.
   */
  next(requestId: string, ms: number): Promise<boolean>
  close(): void
}

/** Listens for changes of requests without the delay of subscribeToChanges(), for callers who wait for one request. */
export function requestChanges(): RequestChanges {
  shared.posternChanges ??= startHub()
  const { hearers } = shared.posternChanges
  let changed = new Set<string>()
  let wake = () => {}
  const hear = (id: string) => {
    changed.add(id)
    wake()
  }
  hearers.add(hear)
  return {
    async next(requestId, ms) {
      const { promise: over, resolve } = Promise.withResolvers<boolean>()
      const timer = setTimeout(resolve, ms, false)
      wake = () => {
        if (!hearers.has(hear)) resolve(false)
        else if (changed.has(requestId) || changed.has(forEveryone)) resolve(true)
        // Other requests change all the time.
        changed = new Set([...changed].filter((id) => id === requestId || id === forEveryone))
      }
      wake()
      const isChanged = await over
      clearTimeout(timer)
      changed.clear()
      return isChanged
    },
    close() {
      hearers.delete(hear)
      wake()
    },
  }
}

/** Closes the connection, at the end of the process or of a test file. */
export async function stopChanges(): Promise<void> {
  const hub = shared.posternChanges
  shared.posternChanges = undefined
  await hub?.listener.stop()
}
