import { metrics, metricsText } from '#lib/api/metrics'

/** For Prometheus. No names of people or clusters stand in it. */
export async function GET() {
  const text = await metricsText()
  return new Response(text, {
    headers: { 'content-type': metrics().registry.contentType, 'cache-control': 'no-store' },
  })
}

export const dynamic = 'force-dynamic'
