// The API of a Postern server, called as the person who is signed in.
import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import { type ApiCall, type CallApi, type Problem, problem, problemLines } from '#lib/api-client/api-call'
import type { Session } from '../account/session.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { programName } from '../program-name.ts'
import { fetchText, jsonOf } from './read-response.ts'

/** A refusal of the server. Its message has every reason. */
export class ServerRefusal extends CommandFailure {
  readonly status: number
  readonly problem: Problem
  constructor(status: number, refusal: Problem, message: string) {
    super(exitCodeOf(status), message)
    this.status = status
    this.problem = refusal
  }
}

function exitCodeOf(status: number): number {
  if (status === 401) return exitCodes.notSignedIn
  return status >= 500 || status === 429 ? exitCodes.unreachable : exitCodes.refused
}

/** Longer than the server waits for a cluster. */
const defaultTimeoutMs = 30_000

function refusalOf(status: number, text: string, server: string): ServerRefusal {
  const parsed = problem.safeParse(jsonOf(text))
  if (!parsed.success) return new ServerRefusal(status, problem.parse({}), `${server} responded with status ${status}.`)
  const { reference } = parsed.data
  const [detail, ...reasons] = problemLines(parsed.data)
  const advice = status === 401 ? [`Run: ${programName} login ${server}`] : []
  const about = reference && status >= 500 ? [`Reference: ${reference}`] : []
  const lines = [detail || `${server} responded with status ${status}.`, ...reasons, ...about, ...advice]
  return new ServerRefusal(status, parsed.data, lines.join('\n'))
}

export type Api = {
  readonly session: Session
  call: CallApi
}

export function apiOf(session: Session): Api {
  const { server } = session
  const once = async <S extends z.ZodType>(call: ApiCall<S>, token: string, key: string) => {
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json' }
    if (call.body) headers['content-type'] = 'application/json'
    if (call.isKeyed) headers['idempotency-key'] = key
    const init = call.body ? { method: 'POST', headers, body: JSON.stringify(call.body) } : { headers }
    const url = new URL(`/api/v1${call.path}`, server)
    return fetchText(url, init, call.timeoutMs ?? defaultTimeoutMs, call.interrupt)
  }
  return {
    session,
    async call(call) {
      const key = call.key ?? randomUUID()
      let answer = await once(call, await session.token(), key)
      if (answer.status === 401) {
        const renewed = await session.token(true)
        answer = await once(call, renewed, key)
      }
      if (answer.status >= 300) throw refusalOf(answer.status, answer.text, server)
      const parsed = call.response.safeParse(jsonOf(answer.text))
      if (!parsed.success)
        throw new CommandFailure(
          exitCodes.unreachable,
          `This version of postern doesn't understand the response of ${server}.`,
        )
      return parsed.data
    },
  }
}
