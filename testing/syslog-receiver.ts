import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { generate } from 'selfsigned'

export type SyslogReceiver = {
  port: number
  /** The messages that it has stored, in the order in which it read them. */
  messages(): string[]
  kill(): Promise<void>
}

let count = 0

/** A certificate for 127.0.0.1, which is its own issuer, and its key, as files of this folder. */
export async function aReceiverIdentity(folder: string): Promise<{ certificate: string; key: string }> {
  count += 1
  const created = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  })
  const files = { certificate: join(folder, `${count}.crt`), key: join(folder, `${count}.key`) }
  writeFileSync(files.certificate, created.cert)
  writeFileSync(files.key, created.private, { mode: 0o600 })
  return files
}

/**
 * Starts a receiver on this machine.
 * @param port that of a killed one, which it replaces
 * @param dieAfter how many messages it stores before it is killed, in the middle of a batch
 */
export async function syslogReceiver(
  folder: string,
  { certificate, key }: { certificate: string; key: string },
  { port = 0, dieAfter = 1e9 }: { port?: number; dieAfter?: number } = {},
): Promise<SyslogReceiver> {
  count += 1
  const file = join(folder, `${count}.messages`)
  const program = join(import.meta.dirname, 'syslog-receiver-process.ts')
  const child = spawn(process.execPath, [program, `${port}`, certificate, key, file, `${dieAfter}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = once(child, 'exit')
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return {
    port: Number(line),
    messages: () => (existsSync(file) ? readFileSync(file, 'latin1').split('\n').filter(Boolean) : []),
    kill: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}
