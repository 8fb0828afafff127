import { methodsOf } from '#lib/api/methods'
import { reviewToken } from '#lib/api/review-token'

/** The token webhook of clusters (TokenReview, authentication.k8s.io/v1). */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({ POST: reviewToken })

export const dynamic = 'force-dynamic'
