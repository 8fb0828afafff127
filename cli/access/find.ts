import type { Api } from '../server/api.ts'
import { grant, type RequestInFull, requestInFull } from '../server/shapes.ts'
import { UsageError } from '../usage-error.ts'

/** The id of the request that an argument names: of itself, or of its grant. */
export async function requestIdOf(api: Api, id: string): Promise<string> {
  if (/^req_[0-9a-z]{26}$/.test(id)) return id
  if (!/^grt_[0-9a-z]{26}$/.test(id))
    throw new UsageError('An id is req_ or grt_ and 26 characters, as postern ls shows it.')
  return (await api.call({ path: `/grants/${id}`, response: grant })).requestId
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
