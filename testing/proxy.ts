import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type Proxy = {
  port: number
  /** How many connections it has accepted. */
  accepted(): number
  /** Ends every connection and refuses new ones, as a stopped server does. */
  cut(): Promise<void>
  /** Accepts connections and passes nothing on, as a frozen server or a broken network does. */
  freeze(): void
  /** Back to passing everything on. */
  mend(): Promise<void>
  stop(): Promise<void>
}

/** A TCP proxy in front of a real server: faults come from outside, and what is under test does not know of it. */
export async function startProxy(target: { host: string; port: number }): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let isFrozen = false
  let accepted = 0
  const server = createServer((inner) => {
    accepted += 1
    const outer = connect(target.port, target.host)
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => {
        if (!isFrozen) to.write(chunk)
      })
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  const open = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  await open(0)
  const { port } = server.address() as AddressInfo
  const drop = () => {
    for (const socket of sockets) socket.destroy()
  }
  const close = () =>
    new Promise<void>((resolve) => {
      if (!server.listening) return resolve()
      server.close(() => resolve())
      drop()
    })
  return {
    port,
    accepted: () => accepted,
    cut: close,
    freeze: () => {
      isFrozen = true
    },
    mend: async () => {
      // What was sent while it was frozen is lost, so those connections are of no use any more.
      if (isFrozen) drop()
      isFrozen = false
      if (!server.listening) await open(port)
    },
    stop: close,
  }
}
