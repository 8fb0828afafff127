import { endpoints } from '#lib/api/endpoints'
import { downloadRoute } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { exportEndings, exportTypes } from '#lib/core/audit/export-lines'
import { exportAuditEvents } from '#lib/views/export-audit-events'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: downloadRoute(endpoints.exportAuditEvents, async ({ actor, query: { format, ...filter } }) => ({
    type: exportTypes[format],
    name: `postern-history.${exportEndings[format]}`,
    pieces: exportAuditEvents(actor, filter, format),
  })),
})
