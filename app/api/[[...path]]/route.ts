import type { Handler } from '#lib/api/handle'
import { problemOf } from '#lib/api/problem'
import { notFound } from '#lib/core/access/errors'
import { newReference } from '#lib/observability/reference'

/** Every address below /api that is no door: the same document as for what is not there. */
const nothingHere: Handler = async () => problemOf(notFound(), newReference())

export {
  nothingHere as DELETE,
  nothingHere as GET,
  nothingHere as HEAD,
  nothingHere as OPTIONS,
  nothingHere as PATCH,
  nothingHere as POST,
  nothingHere as PUT,
}
