import { endpoints } from '#lib/api/endpoints'
import { downloadRoute } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { requestEvidence } from '#lib/views/request-evidence'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: downloadRoute(endpoints.requestEvidence, async ({ actor, params }) => ({
    type: 'application/jsonl',
    name: `postern-${params.id}.jsonl`,
    pieces: await requestEvidence(actor, params.id),
  })),
})
