import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { logEntries } from '#lib/views/log-entries'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.listLogEntries, ({ actor, query }) => logEntries(actor, query.from)),
})
