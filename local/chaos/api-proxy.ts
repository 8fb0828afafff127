import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import { join } from 'node:path'
import { loopbackServer } from '#local/parts/certificates'
import { startBreakable } from '#testing/proxy'

/** One call on its way to an API server. */
export type ApiCall = { method: string; path: string; body: string }

export type ApiAnswer = {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer | string
  /** Breaks the connection after this many bytes of the body. */
  cutAfter?: number
}

/**
 * Decides the outcome of a call: the server's own answer (`forward`), another answer, or a broken connection (`'reset'`,
 * or a rejection). It may wait before and after.
 */
export type Interceptor = (call: ApiCall, forward: () => Promise<ApiAnswer>) => Promise<ApiAnswer | 'reset'>

export type ApiProxy = {
  port: number
  /** Postern's kubeconfig with the proxy's address and authority. */
  kubeconfig: string
  /** Handles each call from now on; undefined forwards all calls. */
  intercept(interceptor: Interceptor | undefined): void
  /** Every call received, oldest first. */
  calls: ApiCall[]
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>
  mend(): Promise<void>
  /** Presents a certificate of another authority from now on. */
  changeAuthority(): Promise<void>
  /** Presents the first certificate again. */
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
 * An HTTPS proxy in front of a real API server that can change the outcome of each call. Postern uses it as the cluster.
 * `posternKubeconfig` contains Postern's token for the real server.
 */
export async function startApiProxy(
  target: { server: string; caFile: string; posternKubeconfig: string },
  directory: string,
  name: string,
): Promise<ApiProxy> {
  const [first, other] = await Promise.all([loopbackServer(name), loopbackServer(`${name}-other`)])
  const agent = new https.Agent({ keepAlive: true, ca: readFileSync(target.caFile), maxSockets: 256 })
  const calls: ApiCall[] = []
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
    const content = Buffer.from(answer.body)
    response.writeHead(answer.status, { ...headers, 'content-length': content.length })
    if (answer.cutAfter === undefined) return void response.end(content)
    response.write(content.subarray(0, answer.cutAfter), () => request.socket.destroy())
  }

  const server = https.createServer({ key: first.key, cert: first.cert }, (request, response) => {
    response.on('error', () => {})
    serve(request, response).catch(() => request.socket.destroy())
  })
  server.on('tlsClientError', () => {})
  const proxy = await startBreakable(server)
  const present = ({ key, cert }: { key: string; cert: string }) => {
    server.setSecureContext({ key, cert })
    proxy.drop()
  }

  const config = JSON.parse(readFileSync(target.posternKubeconfig, 'utf8')) as { clusters: [{ cluster: object }] }
  const caFile = join(directory, `${name}.ca.crt`)
  writeFileSync(caFile, first.ca)
  config.clusters[0].cluster = { server: `https://127.0.0.1:${proxy.port}`, 'certificate-authority': caFile }
  const kubeconfig = join(directory, `${name}.kubeconfig`)
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 })

  return {
    port: proxy.port,
    kubeconfig,
    calls,
    intercept: (next) => {
      interceptor = next ?? passOn
    },
    cut: proxy.cut,
    mend: proxy.mend,
    changeAuthority: async () => present(other),
    restoreAuthority: () => present(first),
    stop: async () => {
      await proxy.stop()
      agent.destroy()
    },
  }
}
