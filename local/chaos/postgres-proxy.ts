import { startForwarder } from '#testing/proxy'

/** One statement on its way to PostgreSQL: its SQL, its bound parameters as raw text, and the number of its connection. */
export type Statement = { sql: string; bound: string; connection: number }

/**
 * The outcome of a statement. `stop` blocks the connection from then on, `cut` breaks it; `before` the statement reaches
 * the server, or `after` the server has executed it, so that the answer is lost. A statement that was stopped before is
 * lost, unless it is `late`: then it reaches the server at release(), even if its sender is dead. `reached` is called when
 * nothing passes any more.
 */
export type Outcome = 'pass' | { how: 'stop' | 'cut'; when: 'before' | 'after'; late?: boolean; reached?: () => void }

export type PostgresProxy = {
  /** `url` with the proxy's host and port. */
  through(url: string): string
  /** Decides the outcome of each statement from now on; undefined lets all pass. */
  intercept(interceptor: ((statement: Statement) => Outcome) | undefined): void
  /** Ends all stopped connections; late statements reach the server, the others are lost. */
  release(): void
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>
  mend(): Promise<void>
  stop(): Promise<void>
}

/**
 * Splits a stream into the frontend messages of PostgreSQL's protocol 3.0. Each has a type byte, except the first, and a
 * length that includes itself.
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

/** Finds the statement that a message executes: a simple query, or a Bind of a statement that was parsed before. */
function statementReader(connection: number) {
  const parsed = new Map<string, string>()
  return (type: string, message: Buffer): Statement | undefined => {
    if (type === 'Q') return { sql: textUntilZero(message, 5)[0], bound: '', connection }
    if (type === 'P') {
      const [name, next] = textUntilZero(message, 5)
      parsed.set(name, textUntilZero(message, next)[0])
    }
    if (type !== 'B') return undefined
    const [, next] = textUntilZero(message, 5)
    const [name] = textUntilZero(message, next)
    return { sql: parsed.get(name) ?? '', bound: message.toString('latin1', next), connection }
  }
}

/** A proxy in front of PostgreSQL that reads each statement and can lose it, delay it or lose its answer. */
export async function startPostgresProxy(url: string): Promise<PostgresProxy> {
  const target = new URL(url)
  /** Ends each stopped connection. */
  const stopped = new Set<() => void>()
  let intercept: (statement: Statement) => Outcome = () => 'pass'
  let connections = 0

  const address = { host: target.hostname, port: Number(target.port) }
  const proxy = await startForwarder(address, (inner, outer) => {
    outer.setNoDelay(true)
    inner.setNoDelay(true)
    const read = statementReader(++connections)
    const held: Buffer[] = []
    let outcome: Outcome = 'pass'
    const end = () => {
      inner.destroy()
      outer.destroy()
    }
    const release = () => {
      stopped.delete(release)
      if (outcome === 'pass' || !outcome.late) return void outer.destroy()
      // The server executes the statement before it notices that the client is gone.
      outer.end(Buffer.concat(held))
    }
    inner.on(
      'data',
      messageReader((type, message) => {
        const statement = outcome === 'pass' ? read(type, message) : undefined
        if (statement) {
          outcome = intercept(statement)
          if (outcome !== 'pass' && outcome.how === 'stop') stopped.add(release)
          if (outcome !== 'pass' && outcome.when === 'before') {
            outcome.reached?.()
            if (outcome.how === 'cut') return end()
          }
        }
        if (outcome !== 'pass' && outcome.when === 'before') held.push(message)
        else outer.write(message)
      }),
    )
    outer.on('data', (chunk: Buffer) => {
      if (outcome === 'pass') return void inner.write(chunk)
      // ReadyForQuery is the server's last message about a statement.
      const isExecuted = outcome.when === 'after' && chunk.subarray(-6, -4).toString('latin1') === 'Z\0'
      if (!isExecuted) return
      outcome.reached?.()
      if (outcome.how === 'cut') end()
    })
    inner.on('close', () => {
      if (outcome === 'pass' || outcome.when === 'after') outer.destroy()
    })
    outer.on('close', () => inner.destroy())
  })
  return {
    through: (address) => Object.assign(new URL(address), { host: `127.0.0.1:${proxy.port}` }).href,
    intercept: (next) => {
      intercept = next ?? (() => 'pass')
    },
    release: () => {
      for (const end of stopped) end()
    },
    cut: proxy.cut,
    mend: proxy.mend,
    stop: proxy.stop,
  }
}
