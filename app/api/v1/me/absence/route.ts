import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { setAbsence } from '#lib/operations/set-absence'
import { ownAbsence } from '#lib/views/own-absence'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.getAbsence, ({ actor }) => ownAbsence(actor)),
  POST: route(endpoints.setAbsence, ({ actor, body }) => setAbsence(actor, body)),
})
