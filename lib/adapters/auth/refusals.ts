import { type NewAuditEvent, recordEvent, type UnknownActor } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { log } from '#lib/observability/log'
import { metrics } from '#lib/observability/metrics'

// A stranger can make Postern refuse as often as they like, but not make it write as often: refused calls of people
// nobody knows are recorded up to a limit per minute, and counted beyond it.

/** Per process. Sixty an hour would hide a slow guess, sixty a second would fill a disk: 86,400 rows a day at most. */
const perMinute = { all: 60, fromOneAddress: 10 }

type Window = { minute: number; all: number; byAddress: Map<string, number>; unrecorded: number }
const shared = globalThis as typeof globalThis & { posternRefusals?: Window }

function mayRecord(address: string, now: number): boolean {
  const minute = Math.floor(now / 60_000)
  let window = shared.posternRefusals
  if (window?.minute !== minute) {
    if (window?.unrecorded) log.warn({ count: window.unrecorded }, 'refused calls were counted but not recorded')
    window = { minute, all: 0, byAddress: new Map(), unrecorded: 0 }
    shared.posternRefusals = window
  }
  const fromHere = window.byAddress.get(address) ?? 0
  if (window.all >= perMinute.all || fromHere >= perMinute.fromOneAddress) {
    window.unrecorded++
    metrics().refusalsUnrecorded.inc()
    return false
  }
  window.all++
  window.byAddress.set(address, fromHere + 1)
  return true
}

/**
 * Records that somebody unknown was refused. Never throws: the refusal stands whether or not it could be written, and a
 * database that is away must not turn a refusal into an error that says more.
 */
export async function recordRefusal(
  type: 'session.refused' | 'bearer.refused',
  actor: UnknownActor,
  data: { code: string; sentence: string },
): Promise<void> {
  const { reference, clientAddress } = actor.origin
  metrics().authenticationFailures.inc({ method: type === 'bearer.refused' ? 'bearer' : 'sign-in', reason: data.code })
  log.info({ reference, clientAddress, code: data.code }, `refused: ${data.sentence}`)
  if (!mayRecord(clientAddress ?? 'unknown', Date.now())) return
  try {
    const event: NewAuditEvent = { type, actor, data }
    await transaction((tx) => recordEvent(tx, event))
  } catch (error) {
    log.error({ err: error, reference }, 'a refusal could not be recorded')
  }
}

/** Somebody whose identity was not established. */
export const unknownActor = (origin: UnknownActor['origin']): UnknownActor => ({
  kind: 'unknown',
  name: 'somebody unknown',
  origin,
})
