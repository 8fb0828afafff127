import { agentRoute } from '#lib/api/agent-route'
import { methodsOf } from '#lib/api/methods'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  POST: agentRoute(async () => (await import('../v1/routes.ts')).apiRoutes),
})
