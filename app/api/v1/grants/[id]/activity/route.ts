import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { grantActivity } from '#lib/views/grant-activity'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.getGrantActivity, ({ actor, params }) => grantActivity(actor, params.id)),
})
