import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import { freePort } from '#local/processes/ports'

/**
 * Accepts calls over TLS on 127.0.0.1 and passes them on to a program of this machine that speaks plain HTTP, as a proxy in
 * front of Postern does. API servers send no token over plain HTTP. A call that fails there fails here.
 */
export async function startTlsRelay(
  target: string,
  certificate: { cert: string; key: string },
): Promise<{ origin: string; stop(): Promise<void> }> {
  const pair = { cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) }
  const server = createServer(pair, (incoming, outgoing) => {
    const { method, headers, url = '/' } = incoming
    const sent = request(new URL(url, target), { method, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers)
      response.on('error', () => outgoing.destroy())
      response.pipe(outgoing)
    })
    sent.on('error', () => outgoing.destroy())
    incoming.on('error', () => sent.destroy())
    incoming.pipe(sent)
  })
  const port = await freePort()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    origin: `https://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
