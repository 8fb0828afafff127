// Shows what becomes of a request, a line for each change, until nothing more can change.
import { setTimeout as delay } from 'node:timers/promises'
import { Option } from 'commander'
import type { RequestState } from '#lib/api-client/shapes'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { line, note } from '../output.ts'
import { programName } from '../program-name.ts'
import type { Api } from '../server/api.ts'
import type { Terminal } from '../terminal.ts'
import { isOutage, readRequest, retryMs } from './wait.ts'
import { approversOf, clock, statusOf } from './words.ts'

export const watchOption = () =>
  new Option('--watch', 'print a line for each change, until the request is over or its access has ended').conflicts(
    'output',
  )

/** How long a change may be seen late: the server answers earlier only once the request is decided, or its access begins or ends. */
const lookMs = 10_000
const waitQuery = `?wait=PT${lookMs / 1000}S`

/** `pending, waiting for payments-leads (Priya Raman)`, `active until 21:10`, `ended (expiry)`. */
function stateInWords(state: RequestState): string {
  const { status, steps, grant, needsInformationSince } = state
  const words = statusOf(state)
  if (status === 'pending' && needsInformationSince) return `${words}, waiting for a comment of the requester`
  if (status === 'pending') return `${words}, waiting for ${approversOf(steps) || 'a decision'}`
  if (grant?.status === 'active' && grant.expiresAt) return `${words} until ${clock(grant.expiresAt)}`
  const why = grant && grant.status !== 'ended' ? grant.lastError : null
  return why ? `${words}: ${line(why, 200)}` : line(words)
}

const isOver = ({ status, grant }: RequestState) =>
  grant ? grant.status === 'ended' : status !== 'pending' && status !== 'approved'

/** The server waits with its answer where it can. While access is active, nothing has changed mostly. */
async function nextState(api: Api, state: RequestState, signal: AbortSignal): Promise<RequestState> {
  if (state.grant?.status !== 'active') return readRequest(api, state.id, waitQuery, signal)
  const left = state.grant.expiresAt ? Date.parse(state.grant.expiresAt) - Date.now() : lookMs
  await delay(Math.max(1_000, Math.min(lookMs, left)), null, { signal })
  return readRequest(api, state.id, '', signal)
}

/** @throws CommandFailure at Ctrl-C; the request stays as it is */
export async function watchRequest(terminal: Terminal, api: Api, id: string): Promise<RequestState> {
  const interrupted = new AbortController()
  const stop = () => interrupted.abort()
  process.once('SIGINT', stop)
  try {
    let shown = ''
    let state = await readRequest(api, id, '', interrupted.signal)
    for (;;) {
      const words = stateInWords(state)
      if (words !== shown) terminal.stdout.write(`${clock(new Date().toISOString())}  ${words}\n`)
      shown = words
      if (isOver(state)) return state
      const before: RequestState = state
      state = await nextState(api, before, interrupted.signal).catch(async (error: unknown) => {
        if (!isOutage(error) || interrupted.signal.aborted) throw error
        note(terminal, 'waiting for the server, which does not respond')
        await delay(retryMs, null, { signal: interrupted.signal })
        return before
      })
    }
  } catch (error) {
    if (!interrupted.signal.aborted) throw error
    throw new CommandFailure(
      exitCodes.interrupted,
      `The request stays as it is. Watch it again: ${programName} show ${id} --watch`,
    )
  } finally {
    process.removeListener('SIGINT', stop)
  }
}
