import { z } from 'zod'
import { UnusableFile } from '../unusable-file.ts'

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
  answer: S
  /** The file that `/policy` of the body came from. */
  file: string
}

/** Milliseconds; a replay takes a few seconds of them. */
const patience = 60_000

function addressOf(server: string | undefined, path: string): URL {
  if (!server) throw new UnusableFile('Say where Postern is: --server, or POSTERN_SERVER.')
  if (!URL.canParse(server)) throw new UnusableFile(`${server} is no address.`)
  const url = new URL(`/api/v1${path}`, server)
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  // NB: the token goes over this connection.
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isHere)) {
    throw new UnusableFile(`${url.origin} must be https; plain http is for this machine only.`)
  }
  return url
}

/**
 * Posts to a running Postern and reads the answer.
 * @throws UnusableFile with everything that the server says is wrong; the token is never part of it
 */
export async function callApi<S extends z.ZodType>(call: Call<S>): Promise<z.output<S>> {
  const url = addressOf(call.server, call.path)
  if (!call.token) throw new UnusableFile('A bearer token is needed: POSTERN_TOKEN, or --token.')
  let response: Response
  let text: string
  try {
    response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      headers: { authorization: `Bearer ${call.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(call.body),
      signal: AbortSignal.timeout(patience),
    })
    text = await response.text()
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
    throw new UnusableFile(`${url.origin} did not answer${cause}.`)
  }
  const json = jsonOf(text)
  if (!response.ok) throw new UnusableFile(refusalInText(response.status, json, call.file))
  const read = call.answer.safeParse(json)
  if (!read.success) throw new UnusableFile(`${url.origin} answered in a way that this version does not understand.`)
  return read.data
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** `file:line:column: what is wrong`, one a line, where it is about the file. */
function refusalInText(status: number, json: unknown, file: string): string {
  const read = problem.safeParse(json)
  if (!read.success) return `Postern answered ${status}.`
  const { detail, errors, reference } = read.data
  const lines = errors.map(({ pointer, message }) =>
    pointer === '/policy' ? `${file}:${message}` : `${pointer} ${message}`,
  )
  const said = lines.length > 0 ? lines : [detail]
  return [...said, ...(reference ? [`reference ${reference}`] : [])].join('\n')
}
