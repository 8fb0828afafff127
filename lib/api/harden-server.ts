import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, Server } from 'node:http'

/** Milliseconds. A browser sends its headers in one piece, and the longest body is a quarter of a megabyte. */
const limits = { headers: 10_000, request: 30_000 }

/**
 * What is done to Next's server, and to each request before Next sees it. Called once, before the first request.
 *
 * Clients that hold a connection by sending slowly are cut off. Node's own limits are minutes, and Next starts the server
 * without setting any; it is met here at its first request, which is the first probe. Node looks every half a minute, so
 * a client is cut off that much later at the most.
 *
 * A target may name a host (`GET http://evil.example/`, RFC 9112 §3.2.2), and Next would send the browser there. Postern
 * stands at one address, so of the target only the path counts.
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
