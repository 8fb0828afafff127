import { endpoints } from '#lib/api/endpoints'
import { downloadRoute } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { postureEndings, postureTypes } from '#lib/core/access/posture-export'
import { exportPosture } from '#lib/views/export-posture'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: downloadRoute(endpoints.exportPosture, async ({ actor, params: { cluster }, query: { format } }) => ({
    type: postureTypes[format],
    name: `postern-posture-${cluster}.${postureEndings[format]}`,
    pieces: exportPosture(actor, cluster, format),
  })),
})
