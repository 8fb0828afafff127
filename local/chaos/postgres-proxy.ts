import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** One statement on its way to PostgreSQL: its text, and what is bound to it, as raw text. */
export type Statement = { sql: string; bound: string }

/**
 * `stop`: nothing more passes on this connection. `cut`: it breaks. `before` the statement gets there, or `unheard`: it
 * was carried out, and the answer is lost. `late`: what was stopped before gets there at release(), whether its sender
 * still lives or not; else it is lost. `reached` is called when nothing passes any more.
 */
export type Fate = 'pass' | { how: 'stop' | 'cut'; when: 'before' | 'unheard'; late?: boolean; reached?: () => void }

export type PostgresProxy = {
  /** The same address, through here. */
  through(url: string): string
  /** Decides about each statement from now on; undefined lets all pass. */
  judge(judge: ((statement: Statement) => Fate) | undefined): void
  /** Ends what is stopped: what is late gets there now, the rest never. */
  release(): void
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>
  mend(): Promise<void>
  stop(): Promise<void>
}

/**
 * Frontend messages of PostgreSQL's protocol 3.0, one by one: a type byte and a length that counts itself, but for the
 * first, which has no type.
 */
function messageReader(onMessage: (type: string, message: Buffer) => void) {
  let pending = Buffer.alloc(0)
  let isFirst = true
  return (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    for (;;) {
      const typeBytes = isFirst ? 0 : 1
      if (pending.length < typeBytes + 4) return
      const length = typeBytes + pending.readInt32BE(typeBytes)
      if (pending.length < length) return
      const message = pending.subarray(0, length)
      const type = isFirst ? '' : String.fromCharCode(message[0] ?? 0)
      isFirst = false
      pending = pending.subarray(length)
      onMessage(type, message)
    }
  }
}

const textUntilZero = (message: Buffer, start: number): [text: string, next: number] => {
  const end = message.indexOf(0, start)
  return [message.toString('latin1', start, end), end + 1]
}

/** The statement that a message carries out: of a simple query, or of a Bind. Remembers what was parsed. */
function statementReader() {
  const parsed = new Map<string, string>()
  return (type: string, message: Buffer): Statement | undefined => {
    if (type === 'Q') return { sql: textUntilZero(message, 5)[0], bound: '' }
    if (type === 'P') {
      const [name, next] = textUntilZero(message, 5)
      parsed.set(name, textUntilZero(message, next)[0])
    }
    if (type !== 'B') return undefined
    const [, next] = textUntilZero(message, 5)
    const [name] = textUntilZero(message, next)
    return { sql: parsed.get(name) ?? '', bound: message.toString('latin1', next) }
  }
}

/** A proxy in front of PostgreSQL that reads what is asked, and can lose it, delay it, or lose the answer. */
export async function startPostgresProxy(url: string): Promise<PostgresProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  /** For each stopped connection, how it ends. */
  const stopped = new Set<() => void>()
  let judge: (statement: Statement) => Fate = () => 'pass'

  const server = createServer((inner) => {
    const outer = connect(Number(target.port), target.hostname)
    outer.setNoDelay(true)
    inner.setNoDelay(true)
    const read = statementReader()
    const held: Buffer[] = []
    let fate: Fate = 'pass'
    const end = () => {
      inner.destroy()
      outer.destroy()
    }
    const release = () => {
      stopped.delete(release)
      if (fate === 'pass' || !fate.late) return void outer.destroy()
      // The server carries out what it got before it notices that nobody is there.
      outer.end(Buffer.concat(held))
    }
    inner.on(
      'data',
      messageReader((type, message) => {
        const statement = fate === 'pass' ? read(type, message) : undefined
        if (statement) {
          fate = judge(statement)
          if (fate !== 'pass' && fate.how === 'stop') stopped.add(release)
          if (fate !== 'pass' && fate.when === 'before') {
            fate.reached?.()
            if (fate.how === 'cut') return end()
          }
        }
        if (fate !== 'pass' && fate.when === 'before') held.push(message)
        else outer.write(message)
      }),
    )
    outer.on('data', (chunk: Buffer) => {
      if (fate === 'pass') return void inner.write(chunk)
      // ReadyForQuery is the last thing that the server says about a statement.
      const isCarriedOut = fate.when === 'unheard' && chunk.subarray(-6, -4).toString('latin1') === 'Z\0'
      if (!isCarriedOut) return
      fate.reached?.()
      if (fate.how === 'cut') end()
    })
    for (const socket of [inner, outer]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    inner.on('close', () => {
      if (fate === 'pass' || fate.when === 'unheard') outer.destroy()
    })
    outer.on('close', () => inner.destroy())
  })
  const open = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const close = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  await open(0)
  const { port } = server.address() as AddressInfo
  return {
    through: (address) => Object.assign(new URL(address), { host: `127.0.0.1:${port}` }).href,
    judge: (next) => {
      judge = next ?? (() => 'pass')
    },
    release: () => {
      for (const end of stopped) end()
    },
    cut: close,
    mend: async () => {
      if (!server.listening) await open(port)
    },
    stop: close,
  }
}
