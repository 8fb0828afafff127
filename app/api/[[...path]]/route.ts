import type { Handler } from '#lib/api/handle'
import { problemOf } from '#lib/api/problem'
import { notFound } from '#lib/core/access/errors'
import { newReference } from '#lib/observability/reference'

/** Every other path below /api: the same problem document as for something that does not exist. */
const unknownPath: Handler = async () => problemOf(notFound(), newReference())

export {
  unknownPath as DELETE,
  unknownPath as GET,
  unknownPath as HEAD,
  unknownPath as OPTIONS,
  unknownPath as PATCH,
  unknownPath as POST,
  unknownPath as PUT,
}
