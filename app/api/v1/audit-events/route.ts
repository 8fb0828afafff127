import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { listAuditEvents } from '#lib/views/list-audit-events'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.listAuditEvents, ({ actor, query }) => listAuditEvents(actor, query)),
})
