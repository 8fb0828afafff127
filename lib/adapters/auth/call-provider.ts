import http from 'node:http'
import https from 'node:https'
import { lookupAllowed, refuseBlockedAddress } from '#lib/adapters/outbound'
import { openedAddresses } from './configuration.ts'

/** Milliseconds, from the first byte to the last. */
const patience = 5_000
/** Bytes. Metadata and key sets are some kilobytes. */
const longestAnswer = 1024 * 1024

type Question = { method?: 'GET' | 'POST'; headers?: Headers; body?: string }

/**
 * Asks the identity provider. Unlike fetch it calls no link-local or metadata address, follows no redirect, which could
 * lead to one, and reads no answer without end.
 * @throws Error when there is no answer in time
 */
export function callProvider(url: string, { method = 'GET', headers, body }: Question = {}): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  const opened = openedAddresses()
  try {
    refuseBlockedAddress(url, opened)
  } catch (error) {
    reject(error)
    return promise
  }
  const signal = AbortSignal.timeout(patience)
  const options = { method, headers: Object.fromEntries(headers ?? []), lookup: lookupAllowed(opened), signal }
  const call = (url.startsWith('https:') ? https : http).request(url, options, (answer) => {
    const chunks: Buffer[] = []
    let size = 0
    answer.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > longestAnswer) answer.destroy(new Error('the answer has no end'))
      else chunks.push(chunk)
    })
    answer.on('error', reject)
    answer.on('end', () => {
      const status = answer.statusCode ?? 0
      // A Response cannot hold a status that is no final one, and a redirect is none that we follow.
      if (status < 200 || status > 599) reject(new Error(`answered ${status}`))
      else resolve(new Response(status === 204 || status === 304 ? null : Buffer.concat(chunks), { status }))
    })
  })
  call.on('error', reject)
  call.end(body)
  return promise
}
