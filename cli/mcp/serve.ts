import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { mcpServer } from '#lib/api-client/mcp-server'
import { version } from '../package-file.ts'
import type { Api } from '../server/api.ts'

/** Serves the tools on the standard input and output until the agent closes them. */
export async function serve({ call, session }: Api): Promise<void> {
  const handle = serveStdio(() => mcpServer({ version: version(), call, server: session.server }))
  await new Promise<void>((resolve) => {
    process.stdin.once('end', resolve)
    process.stdin.once('close', resolve)
  })
  await handle.close()
}
