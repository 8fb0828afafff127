import { publicOrigin } from '#lib/adapters/auth/configuration'
import { methodsOf } from '#lib/api/methods'
import { openApiDocument } from '#lib/api/openapi'
import { apiHeaders } from '#lib/api/problem'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: async () => Response.json(openApiDocument(publicOrigin()), { headers: apiHeaders }),
})
