import { randomBytes } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

// Next tells a route handler nothing about the connection, and it keeps an X-Forwarded-For that a client made up. So the
// peer's address is written into each incoming request before Next sees it, in a header whose name is random for this
// process: nobody outside can send it.

const shared = globalThis as typeof globalThis & { posternPeerHeader?: string }

/** Starts noting each connection's address. Called once, before the first request. */
export function notePeerAddresses(): void {
  if (shared.posternPeerHeader) return
  const header = `x-postern-peer-${randomBytes(12).toString('hex')}`
  shared.posternPeerHeader = header
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage }
    if (request.socket.remoteAddress) request.headers[header] = request.socket.remoteAddress
  })
}

/**
 * The address of the client: the connection's own, or where that many trusted proxies stand before Postern, the entry
 * of X-Forwarded-For that the outermost of them wrote. Entries further left are the client's own words. Null where it
 * is not known or not an address.
 * @param trustedProxies how many proxies append to X-Forwarded-For before a request reaches Postern
 */
export function clientAddressOf(headers: Headers, trustedProxies: number): string | null {
  const peer = shared.posternPeerHeader ? headers.get(shared.posternPeerHeader) : null
  const forwarded = (headers.get('x-forwarded-for') ?? '').split(',').map((entry) => entry.trim())
  // An unknown peer keeps its place: counted without it, a client's own words would move into a proxy's.
  const hops = [...forwarded.filter(Boolean), peer ?? '']
  const address = hops.at(-1 - trustedProxies) ?? hops[0]
  if (!address) return null
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(plain) ? plain : null
}
