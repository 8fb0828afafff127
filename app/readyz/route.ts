import { readiness } from '#lib/api/readiness'

/** Can this process do its work? Kubernetes sends no calls to a replica that answers 503. */
export async function GET() {
  const answer = await readiness()
  return Response.json(answer, { status: answer.ready ? 200 : 503, headers: { 'cache-control': 'no-store' } })
}

export const dynamic = 'force-dynamic'
