import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { sendNoticesAgain } from '#lib/operations/send-notices-again'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.sendNoticesAgain, ({ actor, body }) => sendNoticesAgain(actor, body)),
})
