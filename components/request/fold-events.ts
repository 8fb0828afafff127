import type { AuditEventResource } from '#lib/core/access/audit-event-resource'

/** Events that a reader takes for one, with the sentence of all of them. */
export type FoldedEvents = { events: [AuditEventResource, ...AuditEventResource[]]; sentence: string }

const objects = (verb: string) => (count: number) => `${verb} ${count} objects`

/** What a run of events of one type says together. */
const together: Record<string, (count: number) => string> = {
  'grant.object-created': objects('created'),
  'grant.object-deleted': objects('deleted'),
}

/** Is the second event only what the first one led to? */
const isResult = (first: AuditEventResource, second: AuditEventResource) =>
  first.type === 'decision.made' && (second.type === 'request.approved' || second.type === 'request.denied')

/** Folds neighbouring events of one actor that say one thing: the objects of a grant, and a decision with its result. */
export function foldEvents(events: readonly AuditEventResource[]): FoldedEvents[] {
  const folded: FoldedEvents[] = []
  for (const event of events) {
    const last = folded.at(-1)
    const before = last?.events.at(-1)
    const isSameActor = before?.actor.id === event.actor.id && before?.actor.name === event.actor.name
    if (last && before && isSameActor && isResult(before, event)) {
      last.events.push(event)
      if (event.type === 'request.approved') last.sentence = event.sentence
    } else if (last && before && isSameActor && before.type === event.type && together[event.type]) {
      last.events.push(event)
      last.sentence = together[event.type]?.(last.events.length) ?? event.sentence
    } else folded.push({ events: [event], sentence: event.sentence })
  }
  return folded
}
