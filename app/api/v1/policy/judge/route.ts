import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { judgePolicy } from '#lib/views/judge-policy'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.judgePolicy, ({ actor, body }) => judgePolicy(actor, body)),
})
