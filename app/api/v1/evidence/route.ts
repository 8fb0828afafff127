import { endpoints } from '#lib/api/endpoints'
import { downloadRoute } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { zipPieces } from '#lib/api/zip-file'
import { nearestEventTime } from '#lib/core/audit/when'
import { evidencePack } from '#lib/views/evidence-pack'

const timeOf = (text: string) => nearestEventTime(Date.parse(text))

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: downloadRoute(endpoints.periodEvidence, async ({ actor, query }) => ({
    type: 'application/zip',
    name: `postern-${query.from.slice(0, 10)}-to-${query.to.slice(0, 10)}.zip`,
    pieces: zipPieces(await evidencePack(actor, { from: timeOf(query.from), to: timeOf(query.to) })),
  })),
})
