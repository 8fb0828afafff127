import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { listEntitlements } from '#lib/views/list-entitlements'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.listEntitlements, async ({ actor }) => ({ items: await listEntitlements(actor) })),
})
