import { endpoints } from '#lib/api/endpoints'
import { downloadRoute } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { exportReport } from '#lib/views/report'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: downloadRoute(endpoints.exportReport, async ({ actor, query: { days } }) => ({
    type: 'text/csv',
    name: `postern-report-${days}-days.csv`,
    pieces: exportReport(actor, days),
  })),
})
