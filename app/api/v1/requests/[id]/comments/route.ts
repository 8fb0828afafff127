import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { addComment } from '#lib/operations/add-comment'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.addComment, ({ actor, params, body }) => addComment(actor, params.id, body)),
})
