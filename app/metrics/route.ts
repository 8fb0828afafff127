import { currentPolicy } from '#lib/adapters/policy/current'
import { mayReadMetrics, metricsText } from '#lib/api/metrics'
import { env } from '#lib/env'
import { metrics } from '#lib/observability/metrics'

/** For Prometheus, by the token of the environment. Where none is set, there are no metrics for anybody. */
export async function GET(request: Request) {
  if (env().metricsToken === undefined) return new Response(null, { status: 404 })
  if (!mayReadMetrics(request.headers.get('authorization'))) {
    return new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer realm="postern metrics"' } })
  }
  const { configuration, refused } = currentPolicy()
  const clusters = configuration.clusters.map(({ name }) => name)
  const text = await metricsText({ clusters, isRefused: refused !== null })
  return new Response(text, {
    headers: { 'content-type': metrics().registry.contentType, 'cache-control': 'no-store' },
  })
}

export const dynamic = 'force-dynamic'
