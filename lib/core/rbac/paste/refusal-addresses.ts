// Refusals of clients that print no sentence of the API server, only the address that they called: fabric8, requests,
// aiohttp, `kubectl -v=8`.
import { isGroup, isNamespace, isObjectName, isResource } from './names.ts'
import type { NeededPermission } from './needed-permissions.ts'
import { targetOfPath } from './raw-path.ts'

/** The permission behind a refused address. `isVerbKnown`: the message says with which method it was called. */
export type RefusedAddress = { permission: NeededPermission; isVerbKnown: boolean }

const address = String.raw`(?:https?|wss?)://[^\s/'"<>]{1,253}(?<path>/apis?/[^\s'"<>,)\]]{1,600})`

/** With the method, if it is known, and the path. */
export const refusedAddressPatterns = [
  // `GET at: https://…/pods. Message: Forbidden`, `GET https://…/pods 403 Forbidden`
  new RegExp(
    String.raw`(?:\b(?<method>GET|POST|PUT|PATCH|DELETE)(?: at:)? )?${address}[ .]{1,3}(?:Message: |- )?(?:403\b|Forbidden)`,
    'g',
  ),
  // `403 Client Error: Forbidden for url: https://…`, `403 Forbidden url = 'wss://…'`
  new RegExp(String.raw`\b(?:403|Forbidden)\b.{0,60}?\b(?:url|URL)\b[ =:('"]{1,6}${address}`, 'g'),
]

const verbsOf = (method: string | undefined, { name, subresource }: Omit<NeededPermission, 'verb'>): string[] => {
  const isStream = ['exec', 'attach', 'portforward'].includes(subresource)
  if (method === 'POST' || (isStream && method !== undefined)) return ['create']
  if (method === 'PUT') return ['update']
  if (method === 'PATCH') return ['patch']
  if (method === 'DELETE') return [name === '' ? 'deletecollection' : 'delete']
  return [isStream ? 'create' : name === '' ? 'list' : 'get']
}

const maxAddresses = 50

/** The refused addresses of a text in which the API server's own sentence is missing. */
export function refusedAddresses(text: string): RefusedAddress[] {
  if (!/403|Forbidden/.test(text) || !text.includes('/api')) return []
  const found = refusedAddressPatterns.flatMap((pattern) => [...text.matchAll(pattern)])
  return found.slice(0, maxAddresses).flatMap(({ groups: { method, path = '' } = {} }) => {
    const target = targetOfPath(path.replace(/[.:;]$/, ''))
    const full = target && (target.subresource === '' ? target.resource : `${target.resource}/${target.subresource}`)
    if (!target || !full || !isResource(full) || !isGroup(target.group)) return []
    if (target.namespace !== null && !isNamespace(target.namespace)) return []
    if (target.name !== '' && !isObjectName(target.name)) return []
    return verbsOf(method, target).map((verb) => ({
      permission: { verb, ...target },
      isVerbKnown: method !== undefined || verb === 'create',
    }))
  })
}
