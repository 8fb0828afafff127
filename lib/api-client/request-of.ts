import type { CallApi } from './api-call.ts'
import { grant } from './shapes.ts'

/** The id of a request or of a grant. */
export const eitherId = /^(req|grt)_[0-9a-z]{26}$/

/** The id of the request that an id names: of itself, or of its grant. */
export const requestOf = async (call: CallApi, id: string): Promise<string> =>
  id.startsWith('grt_') ? (await call({ path: `/grants/${id}`, response: grant })).requestId : id
