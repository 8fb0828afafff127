import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { startAuditImport } from '#lib/operations/start-audit-import'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.startAuditImport, ({ actor, params, body }) => startAuditImport(actor, params.cluster, body)),
})
