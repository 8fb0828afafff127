import { z } from 'zod'
import { UsageError } from '../usage-error.ts'

const problem = z.object({
  detail: z.string(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).default([]),
  reference: z.string().optional(),
})

type Call<S extends z.ZodType> = {
  server: string | undefined
  token: string | undefined
  path: string
  body: object
  response: S
  /** The file whose text is `policy` in the body. */
  file: string
}

/** A replay takes a few seconds. */
const timeoutMs = 60_000

function urlOf(server: string | undefined, path: string): URL {
  if (!server) throw new UsageError('Set the URL of the Postern server with --server or POSTERN_SERVER.')
  if (!URL.canParse(server)) throw new UsageError(`${server} is not a valid URL.`)
  const url = new URL(`/api/v1${path}`, server)
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  // NB: the token is sent over this connection.
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)) {
    throw new UsageError(`${url.origin} must use https. Plain http is allowed for localhost only.`)
  }
  return url
}

/**
 * Posts to a Postern server and parses the response.
 * @throws UsageError with every problem that the server reports, and never with the token
 */
export async function callApi<S extends z.ZodType>(call: Call<S>): Promise<z.output<S>> {
  const url = urlOf(call.server, call.path)
  if (!call.token) throw new UsageError('Set a bearer token with POSTERN_TOKEN or --token.')
  let response: Response
  let text: string
  try {
    response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      headers: { authorization: `Bearer ${call.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(call.body),
      signal: AbortSignal.timeout(timeoutMs),
    })
    text = await response.text()
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
    throw new UsageError(`Can't reach ${url.origin}${cause}.`)
  }
  const json = jsonOf(text)
  if (!response.ok) throw new UsageError(errorText(response.status, json, call.file))
  const parsed = call.response.safeParse(json)
  if (!parsed.success) throw new UsageError(`This version of postern doesn't support the response of ${url.origin}.`)
  return parsed.data
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** One line for each error; errors of the policy as `file:line:column: message`. */
function errorText(status: number, json: unknown, file: string): string {
  const parsed = problem.safeParse(json)
  if (!parsed.success) return `Postern responded with status ${status}.`
  const { detail, errors, reference } = parsed.data
  const lines = errors.map(({ pointer, message }) =>
    pointer === '/policy' ? `${file}:${message}` : `${pointer} ${message}`,
  )
  return [...(lines.length > 0 ? lines : [detail]), ...(reference ? [`Reference: ${reference}`] : [])].join('\n')
}
