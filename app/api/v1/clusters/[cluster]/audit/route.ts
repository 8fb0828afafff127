import { methodsOf } from '#lib/api/methods'
import { auditRoute } from '#lib/api/receive-audit-events'
import { saveAuditEvents } from '#lib/operations/save-audit-events'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({ POST: auditRoute(saveAuditEvents) })
