import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

// Faults between a test's subject and a real server. They come from outside, so that the subject cannot know of them.

/** A server on loopback that a test can take away and bring back. */
export type BreakableServer = {
  port: number
  /** How many connections it has accepted. */
  accepted(): number
  /** Closes every connection. */
  drop(): void
  /** Closes every connection and refuses new ones, as a stopped server does. */
  cut(): Promise<void>
  /** Accepts connections again. */
  mend(): Promise<void>
  stop(): Promise<void>
}

/** Starts `server` on a free port. @param alsoDrop further sockets to close with its connections */
export async function startBreakable(server: Server, alsoDrop?: ReadonlySet<Socket>): Promise<BreakableServer> {
  const sockets = new Set<Socket>()
  let accepted = 0
  server.on('connection', (socket: Socket) => {
    accepted += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  const open = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const drop = () => {
    for (const socket of [...sockets, ...(alsoDrop ?? [])]) socket.destroy()
  }
  const close = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    drop()
    await closed
  }
  await open(0)
  const { port } = server.address() as AddressInfo
  const mend = async () => {
    if (!server.listening) await open(port)
  }
  return { port, accepted: () => accepted, drop, cut: close, mend, stop: close }
}

type Target = { host: string; port: number }

/** A TCP proxy. @param connected passes on what it wants of a new connection: from the client, and to the target */
export function startForwarder(
  target: Target,
  connected: (client: Socket, upstream: Socket) => void,
): Promise<BreakableServer> {
  const upstreams = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host)
    upstreams.add(upstream)
    upstream.on('error', () => {})
    upstream.on('close', () => upstreams.delete(upstream))
    connected(client, upstream)
  })
  return startBreakable(server, upstreams)
}

export type Proxy = BreakableServer & {
  /** Accepts connections and passes nothing on, as a frozen server or a broken network does. */
  freeze(): void
}

/** A TCP proxy that passes everything on until it is frozen or cut. */
export async function startProxy(target: Target): Promise<Proxy> {
  let isFrozen = false
  const forwarder = await startForwarder(target, (client, upstream) => {
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (chunk) => {
        if (!isFrozen) to.write(chunk)
      })
      from.on('close', () => to.destroy())
    }
  })
  return {
    ...forwarder,
    freeze: () => {
      isFrozen = true
    },
    mend: async () => {
      // Data sent while it was frozen is lost, so those connections are useless.
      if (isFrozen) forwarder.drop()
      isFrozen = false
      await forwarder.mend()
    },
  }
}
