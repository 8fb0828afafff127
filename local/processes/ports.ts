import { createServer } from 'node:net'

function listenOnce(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.unref()
    server.once('error', () => resolve(undefined))
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined))
    })
  })
}

/**
 * A free TCP port on 127.0.0.1: `preferred` if it is free, otherwise any. Another process may take the port before the
 * caller uses it, so the caller must check that its program becomes ready.
 */
export async function freePort(preferred?: number): Promise<number> {
  const port = (preferred && (await listenOnce(preferred, '127.0.0.1'))) || (await listenOnce(0, '127.0.0.1'))
  if (!port) throw new Error('there is no free TCP port on 127.0.0.1')
  return port
}

/** True if `port` on 127.0.0.1 is free now. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await listenOnce(port, '127.0.0.1')) === port
}

/** `count` different free ports on 127.0.0.1. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}
