import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, Server } from 'node:http'

/** Milliseconds. A browser sends its headers in one piece, and a body has at most a quarter of a megabyte. */
const limits = { headers: 10_000, request: 30_000 }

/**
 * Hardens Next's HTTP server. Called once, before the first request.
 *
 * It disconnects clients that send slowly to hold a connection. Node's own limits are minutes, and Next.js sets none.
 * The server is reached through its first request, which is usually a health probe. Node checks every half minute, so a
 * client is disconnected up to that much later.
 *
 * It also removes the host from request targets in absolute form (`GET http://evil.example/`, RFC 9112 §3.2.2), because
 * Next.js would redirect the browser to that host.
 */
export function hardenServer(): void {
  const known = new WeakSet<Server>()
  subscribe('http.server.request.start', (message) => {
    const { server, request } = message as { server: Server; request: IncomingMessage }
    if (request.url && !request.url.startsWith('/')) {
      const target = URL.parse(request.url)
      request.url = target ? `${target.pathname}${target.search}` : '/'
    }
    if (known.has(server)) return
    known.add(server)
    server.headersTimeout = limits.headers
    server.requestTimeout = limits.request
  })
}
