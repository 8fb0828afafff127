import { eitherId, requestOf } from '#lib/api-client/request-of'
import { type RequestInFull, requestInFull } from '#lib/api-client/shapes'
import { programName } from '../program-name.ts'
import type { Api } from '../server/api.ts'
import { UsageError } from '../usage-error.ts'

/** The id of the request that an argument names: of itself, or of its grant. */
export async function requestIdOf(api: Api, id: string): Promise<string> {
  if (!eitherId.test(id))
    throw new UsageError(`An id is req_ or grt_ and 26 characters, as ${programName} ls shows it.`)
  return requestOf(api.call, id)
}

export async function readInFull(api: Api, id: string): Promise<RequestInFull> {
  return api.call({ path: `/requests/${await requestIdOf(api, id)}`, response: requestInFull })
}

/** The id of the grant that an argument names: of itself, or of its request. */
export async function grantIdOf(api: Api, id: string): Promise<string> {
  if (/^grt_[0-9a-z]{26}$/.test(id)) return id
  const found = await readInFull(api, id)
  if (!found.grant) throw new UsageError(`${id} has no access yet: it is ${found.status}.`)
  return found.grant.id
}
