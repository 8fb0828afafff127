// A command's full screen on a pseudo-terminal, against a server that answers what a test wants.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, test } from 'vitest'
import { hasPseudoTerminals, onTerminal } from '#testing/pseudo-terminal'

export type Answer = { status: number; body: object }

/** `path` is without /api/v1. `abandoned` is called if the program gives the call up before it is answered. */
type Call = { path: string; text: string; headers: IncomingHttpHeaders; onAbandoned(listener: () => void): void }

const launcher = fileURLToPath(new URL('../postern.mjs', import.meta.url))

export const onPseudoTerminal = test.runIf(hasPseudoTerminals)

/** @param answer null breaks the connection */
export async function screenOf(command: string, answer: (call: Call) => Answer | null | Promise<Answer | null>) {
  if (!hasPseudoTerminals)
    process.stderr.write(`NOT CHECKED: the full screen of postern ${command}. This is not Linux\n`)
  const home = mkdtempSync(join(tmpdir(), `postern-${command}-`))
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const found = await answer({
      ...{ path: (request.url ?? '').replace('/api/v1', ''), text, headers: request.headers },
      onAbandoned: (listener) => response.on('close', () => !response.writableFinished && listener()),
    })
    if (!found) return response.destroy()
    response.writeHead(found.status, { 'content-type': 'application/json' }).end(JSON.stringify(found.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => {
    server.close()
    rmSync(home, { recursive: true })
  })
  const environment = {
    POSTERN_SERVER: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ POSTERN_TOKEN: 'a-token', POSTERN_HOME: home },
  }
  return {
    environment,
    open: (args: readonly string[] = [], env: Record<string, string> = {}) =>
      onTerminal(process.execPath, [launcher, command, ...args], { ...environment, ...env }),
  }
}
