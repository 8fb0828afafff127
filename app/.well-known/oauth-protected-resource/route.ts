import { resourceMetadata } from '#lib/api/resource-metadata'

/** Public: it names the identity provider, as the sign-in page does. */
export const GET = () => Response.json(resourceMetadata(), { headers: { 'cache-control': 'no-store' } })

export const dynamic = 'force-dynamic'
