import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { loopbackServer } from '#local/parts/certificates'

/** One call of an API server, before it gets there. */
export type ApiCall = { method: string; path: string; body: string }

export type ApiAnswer = {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer | string
  /** Breaks the connection after so many bytes of the body. */
  cutAfter?: number
}

/**
 * What becomes of a call: the server's own answer (`forward`), another one, or none (`'reset'`). It may take its time
 * before and after. Throwing is a reset too.
 */
export type Interceptor = (call: ApiCall, forward: () => Promise<ApiAnswer>) => Promise<ApiAnswer | 'reset'>

export type ApiProxy = {
  port: number
  /** Postern's way in, through here: the same credential, another address and authority. */
  kubeconfig: string
  /** What happens to each call from now on; undefined is nothing. */
  intercept(interceptor: Interceptor | undefined): void
  /** Every call that came, oldest first. */
  calls: ApiCall[]
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>
  mend(): Promise<void>
  /** Shows a certificate of another authority from now on. */
  changeAuthority(): Promise<void>
  /** Shows the first certificate again. */
  restoreAuthority(): void
  stop(): Promise<void>
}

const passOn: Interceptor = (_call, forward) => forward()

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/**
 * An HTTPS server in front of a real API server that sees each call and decides what becomes of it. What is under test
 * knows it as the cluster.
 * @param posternKubeconfig of the real server, with Postern's token in it
 */
export async function startApiProxy(
  target: { server: string; caFile: string; posternKubeconfig: string },
  directory: string,
  name: string,
): Promise<ApiProxy> {
  const [first, other] = await Promise.all([loopbackServer(name), loopbackServer(`${name}-other`)])
  const agent = new https.Agent({ keepAlive: true, ca: readFileSync(target.caFile), maxSockets: 256 })
  const calls: ApiCall[] = []
  const sockets = new Set<Socket>()
  let interceptor: Interceptor = passOn

  function upstream(request: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...headers } = request.headers
    const call = https.request(new URL(request.url ?? '/', target.server), {
      method: request.method,
      headers: { ...headers, ...(body.length ? { 'content-length': body.length } : {}) },
      agent,
    })
    call.on('response', resolve)
    call.on('error', reject)
    call.end(body)
    return promise
  }

  async function serve(request: IncomingMessage, response: ServerResponse) {
    const body = await readAll(request)
    const call: ApiCall = { method: request.method ?? '', path: request.url ?? '', body: body.toString('utf8') }
    calls.push(call)
    if (/[?&]watch=(true|1)/.test(call.path)) {
      const stream = await upstream(request, body)
      response.writeHead(stream.statusCode ?? 502, stream.headers)
      response.on('close', () => stream.destroy())
      stream.on('error', () => response.destroy())
      stream.pipe(response)
      return
    }
    const forward = async (): Promise<ApiAnswer> => {
      const message = await upstream(request, body)
      return { status: message.statusCode ?? 502, headers: message.headers, body: await readAll(message) }
    }
    const answer = await interceptor(call, forward)
    if (answer === 'reset') return void request.socket.destroy()
    const { 'transfer-encoding': _encoding, connection: _connection, ...headers } = answer.headers
    const sent = Buffer.from(answer.body)
    response.writeHead(answer.status, { ...headers, 'content-length': sent.length })
    if (answer.cutAfter === undefined) return void response.end(sent)
    response.write(sent.subarray(0, answer.cutAfter), () => request.socket.destroy())
  }

  const server = https.createServer({ key: first.key, cert: first.cert }, (request, response) => {
    response.on('error', () => {})
    serve(request, response).catch(() => request.socket.destroy())
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => {})
  const drop = () => {
    for (const socket of sockets) socket.destroy()
  }
  const open = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const close = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    drop()
    await closed
  }
  const show = ({ key, cert }: { key: string; cert: string }) => {
    server.setSecureContext({ key, cert })
    drop()
  }
  await open(0)
  const { port } = server.address() as AddressInfo

  const config = JSON.parse(readFileSync(target.posternKubeconfig, 'utf8')) as { clusters: [{ cluster: object }] }
  const caFile = join(directory, `${name}.ca.crt`)
  writeFileSync(caFile, first.ca)
  config.clusters[0].cluster = { server: `https://127.0.0.1:${port}`, 'certificate-authority': caFile }
  const kubeconfig = join(directory, `${name}.kubeconfig`)
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 })

  return {
    port,
    kubeconfig,
    calls,
    intercept: (next) => {
      interceptor = next ?? passOn
    },
    cut: close,
    mend: async () => {
      if (!server.listening) await open(port)
    },
    changeAuthority: async () => show(other),
    restoreAuthority: () => show(first),
    stop: async () => {
      await close()
      agent.destroy()
    },
  }
}
