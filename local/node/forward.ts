import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createConnection, createServer, type ListenOptions, type NetConnectOpts } from 'node:net'

// Carries connections between the network of this machine and that of a node, through socket files:
// `node forward.ts FROM TO [FROM TO …]`, each `HOST:PORT` or a path. One of these runs on each side.

function addressOf(text: string): NetConnectOpts {
  if (text.startsWith('/')) return { path: text }
  const [host = '', port] = text.split(':')
  return { host, port: Number(port) }
}

async function forward(from: string, to: string) {
  if (from.startsWith('/')) rmSync(from, { force: true })
  const server = createServer({ allowHalfOpen: true }, (incoming) => {
    const outgoing = createConnection({ ...addressOf(to), allowHalfOpen: true })
    incoming.pipe(outgoing).pipe(incoming)
    for (const [one, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  server.listen(addressOf(from) as ListenOptions)
  await once(server, 'listening')
}

const pairs = process.argv.slice(2)
await Promise.all(pairs.flatMap((from, index) => (index % 2 === 0 ? [forward(from, pairs[index + 1] ?? '')] : [])))
process.stdout.write('listening\n')
