import { type NewAuditEvent, recordEvent, type UnknownActor } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { log } from '#lib/observability/log'
import { metrics } from '#lib/observability/metrics'

// An anonymous caller can cause any number of refusals, but not any number of rows: refusals of unknown callers are
// recorded up to a limit per minute, and beyond that only counted.

/** Per process. Sixty an hour would hide slow guessing, sixty a second would fill a disk. This is 86,400 rows a day. */
const perMinute = { all: 60, fromOneAddress: 10 }

type Window = { minute: number; all: number; byAddress: Map<string, number>; unrecorded: number }
const shared = globalThis as typeof globalThis & { posternRefusals?: Window }

function mayRecord(address: string, now: number): boolean {
  const minute = Math.floor(now / 60_000)
  let window = shared.posternRefusals
  if (window?.minute !== minute) {
    if (window?.unrecorded) log.warn({ count: window.unrecorded }, 'counted refusals without recording them')
    window = { minute, all: 0, byAddress: new Map(), unrecorded: 0 }
    shared.posternRefusals = window
  }
  const fromAddress = window.byAddress.get(address) ?? 0
  if (window.all >= perMinute.all || fromAddress >= perMinute.fromOneAddress) {
    window.unrecorded++
    metrics().refusalsUnrecorded.inc()
    return false
  }
  window.all++
  window.byAddress.set(address, fromAddress + 1)
  return true
}

/**
 * Records that an unknown caller was refused. Never throws: the refusal is valid even if it can't be recorded, and an
 * unavailable database must not turn it into an error that reveals more.
 */
export async function recordRefusal(
  type: 'session.refused' | 'bearer.refused',
  actor: UnknownActor,
  data: { code: string; sentence: string; providerError?: string },
): Promise<void> {
  const { reference, clientAddress } = actor.origin
  metrics().authenticationFailures.inc({ method: type === 'bearer.refused' ? 'bearer' : 'sign-in', reason: data.code })
  log.info(
    { reference, clientAddress, code: data.code, providerError: data.providerError },
    `refused: ${data.sentence}`,
  )
  if (!mayRecord(clientAddress ?? 'unknown', Date.now())) return
  try {
    const event: NewAuditEvent = { type, actor, data }
    await transaction((tx) => recordEvent(tx, event))
  } catch (error) {
    log.error({ err: error, reference }, 'could not record a refusal')
  }
}

/** The actor of a call whose identity could not be established. */
export const unknownActor = (origin: UnknownActor['origin']): UnknownActor => ({
  kind: 'unknown',
  name: 'Unknown caller',
  origin,
})
