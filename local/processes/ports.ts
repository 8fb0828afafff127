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
 * A TCP port on 127.0.0.1 that nothing listens on. With `preferred`, that port when it is free, else any other.
 * Between this answer and the use of the port somebody else may take it: whoever starts a program on it must
 * notice that the program did not become ready.
 */
export async function freePort(preferred?: number): Promise<number> {
  const port = (preferred && (await listenOnce(preferred, '127.0.0.1'))) || (await listenOnce(0, '127.0.0.1'))
  if (!port) throw new Error('no free TCP port on 127.0.0.1')
  return port
}

/** True when `port` can be bound on 127.0.0.1 at this moment. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await listenOnce(port, '127.0.0.1')) === port
}

/** `count` different free ports on 127.0.0.1. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}
