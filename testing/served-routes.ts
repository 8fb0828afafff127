import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { Handler } from '#lib/api/handle'
import { type ApiRoutes, routeFinder } from '#lib/api/serve-api'

export type ServedRoutes = { url: string; stop(): Promise<void> }

/**
 * Serves the routes of the API over HTTP in the process of the test, for programs that call it.
 * @param others handlers of further paths, for each method
 */
export async function servedRoutes(
  routes: ApiRoutes,
  others: Record<string, Record<string, Handler>> = {},
): Promise<ServedRoutes> {
  const find = routeFinder(routes)
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const { method = '', headers } = incoming
    const url = new URL(incoming.url ?? '', 'http://localhost')
    const other = others[url.pathname]?.[method]
    const found = other ? { handler: other, params: {} } : find(method, url.pathname)
    if (!found) return void outgoing.writeHead(404).end()
    const gone = new AbortController()
    outgoing.on('close', () => gone.abort())
    const body = method === 'POST' ? Buffer.concat(chunks) : null
    const request = new Request(url, { method, headers: headers as Record<string, string>, body, signal: gone.signal })
    const response = await found.handler(request, { params: Promise.resolve(found.params) })
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    if (!response.body) return void outgoing.end()
    const sent = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
    sent.on('error', () => outgoing.destroy()).pipe(outgoing)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
