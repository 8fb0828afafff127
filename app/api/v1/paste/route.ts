import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { readPasteFor } from '#lib/views/read-paste'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.readPaste, ({ actor, body }) => readPasteFor(actor, body)),
})
