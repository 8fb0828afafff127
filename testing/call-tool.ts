import type { Client } from '@modelcontextprotocol/client'

// biome-ignore lint/suspicious/noExplicitAny: an answer has no type; tests say what they expect of it.
type CalledTool = { isError: boolean; text: string; data: any }

/** Calls a tool as an agent does. `data` is what it answers between its marks. */
export async function callTool(client: Client, name: string, given: object = {}): Promise<CalledTool> {
  const result = await client.callTool({ name, arguments: { ...given } })
  const [first] = result.content as { type: string; text: string }[]
  const text = first?.text ?? ''
  const json = text.slice(text.indexOf('<postern-data>') + '<postern-data>'.length, text.lastIndexOf('</postern-data>'))
  return { isError: result.isError === true, text, data: JSON.parse(json) }
}
