import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { acceptPostureFinding } from '#lib/operations/accept-posture-finding'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.acceptPostureFinding, ({ actor, params, body }) =>
    acceptPostureFinding(actor, params.cluster, params.id, body),
  ),
})
