import { randomBytes } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

// Next.js gives a route handler no access to the connection, and passes on an X-Forwarded-For that a client made up. So
// Postern writes the peer's address into each request before Next.js sees it, in a header whose name is random for this
// process, so that no client can send it.

const shared = globalThis as typeof globalThis & { posternPeerHeader?: string }

/** Starts recording the address of each connection. Called once, before the first request. */
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
 * The client's address: the peer of the connection or, behind trusted proxies, the X-Forwarded-For entry that the
 * outermost of them wrote. Entries further left come from the client and are ignored. Null where the address is unknown
 * or invalid.
 * @param trustedProxies how many proxies append to X-Forwarded-For before a request reaches Postern
 */
export function clientAddressOf(headers: Headers, trustedProxies: number): string | null {
  const peer = shared.posternPeerHeader ? headers.get(shared.posternPeerHeader) : null
  const forwarded = (headers.get('x-forwarded-for') ?? '').split(',').map((entry) => entry.trim())
  // An unknown peer counts as a hop too; otherwise a client's own entry would be taken for a proxy's.
  const hops = [...forwarded.filter(Boolean), peer ?? '']
  const address = hops.at(-1 - trustedProxies) ?? hops[0]
  if (!address) return null
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return isIP(plain) ? plain : null
}
