import { mayReadMetrics, metricsText } from '#lib/api/metrics'
import { env } from '#lib/env'
import { metrics } from '#lib/observability/metrics'

/** Metrics for Prometheus, with the token from the environment. Without a configured token there is no such page. */
export async function GET(request: Request) {
  if (env().metricsToken === undefined) return new Response(null, { status: 404 })
  if (!mayReadMetrics(request.headers.get('authorization'))) {
    return new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer realm="postern metrics"' } })
  }
  return new Response(await metricsText(), {
    headers: { 'content-type': metrics().registry.contentType, 'cache-control': 'no-store' },
  })
}

export const dynamic = 'force-dynamic'
