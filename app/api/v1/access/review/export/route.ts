import { endpoints } from '#lib/api/endpoints'
import { downloadRoute } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { reviewInCsv } from '#lib/core/audit/review-lines'
import { accessReview } from '#lib/views/access-review'

async function* pieces(text: string) {
  yield text
}

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: downloadRoute(endpoints.exportAccessReview, async ({ actor, query }) => ({
    type: 'text/csv',
    name: `postern-access-review-${query.from.slice(0, 10)}-to-${query.to.slice(0, 10)}.csv`,
    pieces: pieces(reviewInCsv(await accessReview(actor, query))),
  })),
})
