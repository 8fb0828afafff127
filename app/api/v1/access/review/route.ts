import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { signOffAccessReview } from '#lib/operations/sign-off-access-review'
import { accessReview } from '#lib/views/access-review'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.accessReview, ({ actor, query }) => accessReview(actor, query)),
  POST: route(endpoints.signOffAccessReview, ({ actor, body }) => signOffAccessReview(actor, body)),
})
