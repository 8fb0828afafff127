// Appends events to the log and signs its checkpoints. Nothing ever waits for it: it runs by time, beside all other work.
import { appendLeaves } from '#lib/adapters/db/log/append-leaves'
import { newestCheckpoint, saveCheckpoint } from '#lib/adapters/db/log/checkpoints'
import { logSigner, logVerifiers, originOf } from '#lib/adapters/db/log/log-keys'
import { inTree, logSize } from '#lib/adapters/db/log/read-log'
import { currentPolicy } from '#lib/adapters/policy/current'
import { readCheckpoint, signCheckpoint } from '#lib/core/log/checkpoint'
import { type Root, rootOf } from '#lib/core/log/tree'
import { log } from '#lib/observability/log'
import { forwardEvents } from './forward-events.ts'
import { publishCheckpoint } from './publish-checkpoint.ts'

/** Milliseconds. An event is in a signed checkpoint within about twice this time. */
const appendEvery = 5_000

const rootAt = (size: number) => inTree(size, (read) => rootOf(read, size))

/** Appends every committed event, and signs a checkpoint if there is none of this size. */
export type WriteLog = (signal: AbortSignal) => Promise<void>

export function logWriting(): WriteLog {
  /** The last checkpoint that this process signed. It never signs a tree that does not contain it. */
  let known: Root | undefined

  /** The size of a checkpoint that is not the beginning of the log any more; undefined if every one is. */
  async function lostCheckpoint(size: number, stored: Root | undefined): Promise<number | undefined> {
    for (const one of [known, stored])
      if (one && !(one.size <= size && (await rootAt(one.size)).equals(one.root))) return one.size
    return undefined
  }

  async function sign() {
    const { publicUrl } = currentPolicy().configuration
    const signer = logSigner(publicUrl)
    if (!signer) return
    const [size, newest] = [await logSize(), await newestCheckpoint(logVerifiers(publicUrl))]
    // A row that no key signed is not a promise that the log has to keep.
    const last = newest?.isGenuine ? newest : null
    if (last && last.size === size && known?.size === size) return
    const lost = await lostCheckpoint(size, last ? readCheckpoint(last.note) : undefined)
    if (lost !== undefined) {
      log.error({ size, checkpoint: lost }, 'the log does not contain an earlier checkpoint: nothing is signed')
      return
    }
    const origin = originOf(publicUrl)
    // The first one is of the empty log, so that there always is one that strangers may read.
    if (!last) await saveCheckpoint(0, signCheckpoint({ origin, size: 0, root: await rootAt(0) }, signer))
    known = { size, root: await rootAt(size) }
    if (last?.size !== size) await saveCheckpoint(size, signCheckpoint({ origin, ...known }, signer))
  }

  return async (signal) => {
    await appendLeaves(signal)
    if (!signal.aborted) await sign()
  }
}

/** Starts to write the log. Several workers may run at once; one of them appends. */
export function startLogWriter(worker: string): { stop(): Promise<void> } {
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  const { publicUrl } = currentPolicy().configuration
  const keys = logVerifiers(publicUrl).map(({ text }) => text)
  if (logSigner(publicUrl)) log.info({ keys }, 'checkpoints of the log are signed')
  else log.warn('POSTERN_LOG_KEY is not set: the log of events is not signed, so only its own database vouches for it')
  const writeLog = logWriting()
  const write = () => {
    running ??= writeLog(stopping.signal)
      .then(() => publishCheckpoint())
      .then(() => forwardEvents(worker, stopping.signal))
      .catch((error: unknown) => log.warn({ err: error }, 'writing the log failed'))
      .finally(() => {
        running = undefined
      })
  }
  write()
  const timer = setInterval(write, appendEvery)
  return {
    stop: async () => {
      clearInterval(timer)
      stopping.abort()
      await running
    },
  }
}
