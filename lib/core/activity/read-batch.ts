// A batch of audit events as the database stores it.
import { type ApiCall, keyOf, type RejectedEvent, readEvent } from './api-call.ts'
import { isKept } from './kind.ts'

/** A source, with a key that its calls name within this batch. */
export type SourceRow = ApiCall['source'] & { key: string }
export type CallRow = Omit<ApiCall, 'source'> & { source: string }

export type Batch = {
  cluster: string
  /** The number of events. */
  events: number
  sources: SourceRow[]
  /** Sorted, so that two batches with the same calls never wait for each other in turn. */
  calls: CallRow[]
  rejected: RejectedEvent[]
  /** The number of calls that are not kept. */
  counted: number
  /** The minutes in which the calls were made, in milliseconds since 1970, in order. */
  minutes: number[]
  /** The times of the first and the last call of the batch; null if no event was readable. */
  times: { first: string; newest: string } | null
}

const minuteMs = 60_000

const byKey =
  <T>(keyOfOne: (one: T) => string) =>
  (a: T, b: T) =>
    keyOfOne(a) < keyOfOne(b) ? -1 : 1

export function readBatch(cluster: string, events: readonly unknown[]): Batch {
  const sources = new Map<string, SourceRow>()
  const calls = new Map<string, CallRow>()
  const rejected: RejectedEvent[] = []
  const minutes = new Set<number>()
  let counted = 0
  let first: string | undefined
  let newest: string | undefined
  for (const event of events) {
    const read = readEvent(cluster, event)
    if (read.rejected) {
      rejected.push(read.rejected)
      continue
    }
    const { source, ...call } = read.call
    minutes.add(Math.floor(Date.parse(call.at) / minuteMs) * minuteMs)
    if (first === undefined || Date.parse(call.at) < Date.parse(first)) first = call.at
    if (newest === undefined || Date.parse(call.at) > Date.parse(newest)) newest = call.at
    if (!isKept(call.kind)) {
      counted += 1
      continue
    }
    const { account, impersonated, credentialId, address, forwardedFor, userAgent } = source
    const key = keyOf(cluster, account, impersonated, credentialId, address, forwardedFor, userAgent)
    sources.set(key, { ...source, key })
    calls.set(`${call.id} ${call.isStart}`, { ...call, source: key })
  }
  return {
    cluster,
    events: events.length,
    sources: [...sources.values()].sort(byKey(({ key }) => key)),
    calls: [...calls.values()].sort(byKey(({ id, isStart }) => `${id} ${isStart}`)),
    rejected,
    counted,
    minutes: [...minutes].sort((a, b) => a - b),
    times: first !== undefined && newest !== undefined ? { first, newest } : null,
  }
}
