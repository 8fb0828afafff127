/** Liveness: the process responds. /readyz says whether it can do its work. */
export const GET = () => new Response('ok\n', { headers: { 'cache-control': 'no-store' } })

export const dynamic = 'force-dynamic'
