import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { replayPolicy } from '#lib/views/replay-policy'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.replayPolicy, ({ actor, body }) => replayPolicy(actor, body)),
})
