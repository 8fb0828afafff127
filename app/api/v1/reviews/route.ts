import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { listReviews } from '#lib/views/list-reviews'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.listReviews, ({ actor, query }) => listReviews(actor, query)),
})
