import { metrics } from '#lib/api/metrics'

/** For Prometheus. No names of people or clusters stand in it. */
export async function GET() {
  const { registry } = metrics()
  const headers = { 'content-type': registry.contentType, 'cache-control': 'no-store' }
  return new Response(await registry.metrics(), { headers })
}

export const dynamic = 'force-dynamic'
