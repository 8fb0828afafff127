import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { report } from '#lib/views/report'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.getReport, ({ actor, query }) => report(actor, query.days)),
})
