import { subscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'

/** Milliseconds. A browser sends its headers in one piece, and the longest body is a quarter of a megabyte. */
const limits = { headers: 10_000, request: 30_000 }

/**
 * Cuts off clients that hold a connection by sending slowly. Node's own limits are minutes, and Next starts the server
 * without setting any; it is met here at its first request, which is the first probe. Node looks every half a minute, so
 * a client is cut off that much later at the most. Called once, before the first request.
 */
export function cutOffSlowClients(): void {
  const known = new WeakSet<Server>()
  subscribe('http.server.request.start', (message) => {
    const { server } = message as { server: Server }
    if (known.has(server)) return
    known.add(server)
    server.headersTimeout = limits.headers
    server.requestTimeout = limits.request
  })
}
