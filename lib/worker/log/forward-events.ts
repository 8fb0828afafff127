// Forwards the events of the log to syslog receivers: in the order of the log, and each at least once.
import { type SyslogSettings, sendSyslog } from '#lib/adapters/channels/syslog'
import { claimForward, moveForward, releaseForward, rewindForward } from '#lib/adapters/db/log/forwards'
import { entriesBetween } from '#lib/adapters/db/log/read-log'
import { findNames } from '#lib/adapters/db/people/find-names'
import { entitlementsOf } from '#lib/adapters/db/requests/entitlements-of'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import { auditSentence } from '#lib/core/audit/events'
import { syslogFrame } from '#lib/core/audit/syslog'
import type { RecordedEvent } from '#lib/core/log/leaf'
import { log } from '#lib/observability/log'

/** Events of one connection. */
const atOnce = 256

function toResource(event: RecordedEvent, names: ReadonlyMap<string, string>): AuditEventResource {
  const { actorKind, actorId, actorName, actorEmail, aboutId, type, data, policyHash } = event
  const kind = actorKind === 'person' || actorKind === 'system' ? actorKind : 'unknown'
  return {
    ...{ id: event.id, at: event.at, type, sentence: auditSentence(type, data), data },
    actor: { kind, id: actorId, name: actorName, email: actorEmail },
    about: aboutId === null ? null : { id: aboutId, name: names.get(aboutId) ?? aboutId },
    ...{ via: event.via, clientAddress: event.clientAddress, reference: event.reference },
    ...{ requestId: event.requestId, grantId: event.grantId, cluster: event.cluster, namespaces: event.namespaces },
    ...{ policyVersion: policyHash, before: event.before, after: event.after },
  }
}

async function framesOf(events: readonly RecordedEvent[], host: string): Promise<string[]> {
  const [names, entitlements] = [
    await findNames([...new Set(events.flatMap(({ aboutId }) => aboutId ?? []))]),
    await entitlementsOf([...new Set(events.flatMap(({ requestId }) => requestId ?? []))]),
  ]
  return events.map((event) => syslogFrame(toResource(event, names), entitlements.get(event.requestId ?? ''), host))
}

/** Sends what one receiver lacks. Returns how many events it has read. */
async function forwardTo(receiver: SyslogSettings, worker: string, signal: AbortSignal): Promise<number> {
  const { publicUrl, openAddresses = [] } = currentPolicy().configuration
  const host = new URL(publicUrl).hostname
  let sent = 0
  try {
    while (!signal.aborted) {
      const from = await claimForward(receiver.name, worker)
      if (from === null) break
      const entries = await entriesBetween(from, from + atOnce)
      if (entries.length === 0) break
      // A deleted row is missing here as well; the log shows that.
      const events = entries.flatMap(({ event }) => event ?? [])
      if (events.length > 0) await sendSyslog(receiver, await framesOf(events, host), openAddresses)
      if (!(await moveForward(receiver.name, worker, { from, to: from + entries.length }))) break
      sent += events.length
    }
  } catch (error) {
    await rewindForward(receiver.name, worker)
    throw error
  } finally {
    await releaseForward(receiver.name, worker)
  }
  return sent
}

/** A receiver that fails holds up only itself, and is tried again. */
export async function forwardEvents(worker: string, signal: AbortSignal): Promise<void> {
  await Promise.all(
    currentPolicy().configuration.log.syslog.map((receiver) =>
      forwardTo(receiver, worker, signal).catch((error: unknown) =>
        log.warn({ receiver: receiver.name, err: error }, 'events could not be forwarded'),
      ),
    ),
  )
}
