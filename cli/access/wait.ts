// Waits for a request: until it is decided, and its access works.
import { setTimeout as delay } from 'node:timers/promises'
import { type RequestState, request as requestShape } from '#lib/api-client/shapes'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { deleteCredentials } from '../kubernetes/credential-cache.ts'
import { line, note } from '../output.ts'
import { programName } from '../program-name.ts'
import type { Api } from '../server/api.ts'
import { showsProgress, type Terminal } from '../terminal.ts'
import { approversOf, statusOf, timeLeft } from './words.ts'

export const readRequest = (api: Api, id: string, wait = '', interrupt?: AbortSignal) =>
  api.call({
    path: `/requests/${encodeURIComponent(id)}${wait}`,
    response: requestShape,
    timeoutMs: 60_000,
    ...(interrupt ? { interrupt } : {}),
  })

function waitingFor({ status, steps, grant, startsAt }: RequestState): string {
  if (status === 'pending') return `waiting for ${approversOf(steps) || 'a decision'}`
  if (grant?.status === 'pending' && startsAt && Date.parse(startsAt) > Date.now())
    return `starts in ${timeLeft(startsAt)}`
  return grant?.lastError
    ? `approved, but the cluster has a problem: ${line(grant.lastError, 120)}`
    : 'approved, being created'
}

const isOver = ({ status, grant }: RequestState) =>
  status === 'pending' ? false : grant === null || grant.status !== 'pending'

/** Shows one line that changes, on a terminal; elsewhere one line for each change. */
function liveLine(terminal: Terminal) {
  const { stderr } = terminal
  const isLive = showsProgress(terminal)
  const began = Date.now()
  let shown = ''
  let timer: NodeJS.Timeout | undefined
  const draw = () => {
    const waited = Math.floor((Date.now() - began) / 60_000)
    stderr.write(`\r\x1b[2K${line(shown, 110)}${waited > 0 ? ` · ${waited} min` : ''}`)
  }
  return {
    show(text: string) {
      if (text === shown) return
      shown = text
      if (!isLive) return void note(terminal, text)
      timer ??= setInterval(draw, 10_000)
      draw()
    },
    end() {
      clearInterval(timer)
      if (isLive && shown) stderr.write('\r\x1b[2K')
    },
  }
}

export const retryMs = 3_000

/** An update of the server must not end a wait. */
export const isOutage = (error: unknown) => error instanceof CommandFailure && error.exitCode === exitCodes.unreachable

/** A connection is closed by proxies after a minute without data. */
const waitQuery = '?wait=PT30S'

/**
 * Waits until the access of a request is active.
 * @throws CommandFailure if it will not be, at the timeout, and at Ctrl-C; the request stays as it is
 */
export async function waitUntilActive(
  terminal: Terminal,
  api: Api,
  id: string,
  timeoutMs: number,
): Promise<RequestState> {
  const live = liveLine(terminal)
  const interrupted = new AbortController()
  const stop = () => interrupted.abort()
  const until = Date.now() + timeoutMs
  process.once('SIGINT', stop)
  try {
    let state = await readRequest(api, id)
    while (!isOver(state)) {
      live.show(waitingFor(state))
      const left = Math.ceil((until - Date.now()) / 1000)
      if (left <= 0)
        throw new CommandFailure(
          exitCodes.timedOut,
          `Not active yet. The request stays open: ${programName} show ${id}`,
        )
      state = await readRequest(api, id, left < 30 ? `?wait=PT${left}S` : waitQuery, interrupted.signal).catch(
        async (error: unknown) => {
          if (!isOutage(error)) throw error
          live.show('waiting for the server, which does not respond')
          await delay(retryMs, null, { signal: interrupted.signal })
          return state
        },
      )
    }
    live.end()
    if (state.grant?.status === 'active') {
      // A kept token may be of access that this one extends, which ended when this one began.
      deleteCredentials(terminal.env, api.session.context)
      return state
    }
    const decided = state.status === 'denied' ? await whyDenied(api, id) : ''
    throw new CommandFailure(
      exitCodes.refused,
      `${line(state.title)}: ${statusOf(state)}${decided}. See: ${programName} show ${id}`,
    )
  } catch (error) {
    live.end()
    if (!interrupted.signal.aborted) throw error
    const message = `The request stays open. Wait again: ${programName} wait ${id}. Withdraw it: ${programName} withdraw ${id}`
    throw new CommandFailure(exitCodes.interrupted, message)
  } finally {
    process.removeListener('SIGINT', stop)
  }
}

async function whyDenied(api: Api, id: string): Promise<string> {
  const { requestInFull } = await import('#lib/api-client/shapes')
  const { decisions } = await api.call({ path: `/requests/${id}`, response: requestInFull })
  const denial = decisions.find(({ decision }) => decision === 'deny')
  return denial ? ` by ${line(denial.person.name)}${denial.note ? `: ${line(denial.note, 300)}` : ''}` : ''
}
