import { agentMetadata } from '#lib/api/resource-metadata'

/** Public, like the metadata of the API. */
export const GET = () => Response.json(agentMetadata(), { headers: { 'cache-control': 'no-store' } })

export const dynamic = 'force-dynamic'
