// A syslog receiver in a process of its own, so that it can be killed: `PORT CERTIFICATE KEY FILE DIE-AFTER`. It stores each message
// of RFC 5425 as a line of the file, and kills itself before the one with that number.
import { appendFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:tls'

const [port, certificate = '', key = '', file = '', dieAfter] = process.argv.slice(2)
let stored = 0

function store(message: string) {
  if (stored >= Number(dieAfter)) process.kill(process.pid, 'SIGKILL')
  stored += 1
  appendFileSync(file, `${message}\n`)
}

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (socket) => {
  let rest = ''
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1')
    for (;;) {
      const space = rest.indexOf(' ')
      const length = Number(rest.slice(0, space))
      if (space < 1 || rest.length < space + 1 + length) return
      store(rest.slice(space + 1, space + 1 + length))
      rest = rest.slice(space + 1 + length)
    }
  })
})
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`)
})
