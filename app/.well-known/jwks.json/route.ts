import { apiHeaders } from '#lib/api/problem'
import { tokenKeySet } from '#lib/api/token-key-set'

/** Public keys of the tokens of grants, for anyone (RFC 7517). */
export const GET = () =>
  Response.json(tokenKeySet(), { headers: { ...apiHeaders, 'content-type': 'application/jwk-set+json' } })

export const dynamic = 'force-dynamic'
