import { endpoints } from '#lib/api/endpoints'
import { downloadRoute } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { zipPieces } from '#lib/api/zip-file'
import { evidencePack } from '#lib/views/evidence-pack'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: downloadRoute(endpoints.requestEvidence, async ({ actor, params }) => ({
    type: 'application/zip',
    name: `postern-${params.id}.zip`,
    pieces: zipPieces(await evidencePack(actor, { request: params.id })),
  })),
})
