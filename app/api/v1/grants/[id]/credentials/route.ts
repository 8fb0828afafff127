import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { issueCredential } from '#lib/operations/issue-credential'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.issueCredential, ({ actor, params }) => issueCredential(actor, params.id)),
})
