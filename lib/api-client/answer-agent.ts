import { createMcpHandler, isInitializeRequest } from '@modelcontextprotocol/server'
import { agentName, agentOfSession, sessionIdOf } from './agent-name.ts'
import type { CallApi } from './api-call.ts'
import { mcpServer } from './mcp-server.ts'

const sessionHeader = 'mcp-session-id'

/** Of the API that the tools call. */
const version = '1'

/**
 * Answers one message of an agent by streamable HTTP. Nothing is kept between messages.
 * @param request its headers; the body has been read
 * @param server the URL of the server for browsers
 */
export async function answerAgent(request: Request, message: object, api: { call: CallApi; server: string }) {
  const { url, method, headers, signal } = request
  const agent = agentOfSession(headers.get(sessionHeader))
  // NB: no subscriptions. The tools do not change, and each would hold a connection open.
  const handler = createMcpHandler(() => mcpServer({ ...api, version, agent }), { maxSubscriptions: 0 })
  const answer = await handler.fetch(new Request(url, { method, headers, signal }), { parsedBody: message })
  if (isInitializeRequest(message) && answer.ok)
    answer.headers.set(sessionHeader, sessionIdOf(agentName(message.params.clientInfo)))
  return answer
}
