import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { withdrawPostureAcceptance } from '#lib/operations/withdraw-posture-acceptance'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: route(endpoints.withdrawPostureAcceptance, ({ actor, params, body }) =>
    withdrawPostureAcceptance(actor, params.cluster, params.id, body),
  ),
})
