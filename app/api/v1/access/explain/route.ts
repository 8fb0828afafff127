import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { explainAccess, explainEach } from '#lib/views/explain-access'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.explainAccess, ({ actor, query }) => explainAccess(actor, query)),
  POST: route(endpoints.explainEachAccess, async ({ actor, body }) => ({ items: await explainEach(actor, body) })),
})
