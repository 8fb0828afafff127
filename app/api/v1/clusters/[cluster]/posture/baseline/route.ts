import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { takePostureBaseline } from '#lib/operations/take-posture-baseline'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.takePostureBaseline, ({ actor, params, body }) =>
    takePostureBaseline(actor, params.cluster, body),
  ),
})
