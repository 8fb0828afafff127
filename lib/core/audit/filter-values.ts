import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import { severities } from '#lib/core/access/severity'
import type { FilterValues } from './complete-filter.ts'
import { auditEventTypes } from './events.ts'

/** The values that the filter suggests: every type, and of the other keys what the shown events contain. */
export function filterValues(events: AuditEventResource[]): FilterValues {
  const distinct = (valuesOf: (event: AuditEventResource) => (string | null)[]) =>
    [...new Set(events.flatMap(valuesOf))].filter((value) => value !== null)
  const times = ['today', 'yesterday', ...distinct(({ at }) => [at.slice(0, 10)])]
  return {
    actor: distinct(({ actor }) => [actor.name]),
    cluster: distinct(({ cluster }) => [cluster]),
    namespace: distinct(({ namespaces }) => namespaces),
    request: distinct(({ requestId }) => [requestId]),
    grant: distinct(({ grantId }) => [grantId]),
    severity: [...severities],
    type: auditEventTypes,
    from: times,
    to: times,
  }
}
