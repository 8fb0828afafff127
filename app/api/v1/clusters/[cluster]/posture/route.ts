import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { getPosture } from '#lib/views/get-posture'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.getPosture, ({ actor, params }) => getPosture(actor, params.cluster)),
})
