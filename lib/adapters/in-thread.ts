import type { Worker } from 'node:worker_threads'

// Untrusted text is read in a thread of its own, with limits on time and memory, so that no text can block this process.

/** Milliseconds that a thread may take to load its modules, enough for a busy machine. */
const startDeadline = 20_000

/** Megabytes, enough for the libraries and several times the largest allowed text. */
export const threadLimits = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 }

/** `limits`: the text needs too much time or memory. `start`: this machine is too busy to start the thread. */
export class ThreadFailed extends Error {
  readonly reason: 'limits' | 'start'
  constructor(reason: 'limits' | 'start') {
    super(reason === 'limits' ? 'the work needs too much time or memory' : 'the thread did not start in time')
    this.name = 'ThreadFailed'
    this.reason = reason
  }
}

/**
 * The result of a thread that says `ready`, receives one task, and sends one result. It ends with this call.
 *
 * NB: the caller creates the thread, because the bundler finds its file only in `new Worker(new URL('…', import.meta.url))`.
 * @throws ThreadFailed
 */
export function inThread<Result>(worker: Worker, task: object, deadlineMs: number): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  let timer = setTimeout(() => reject(new ThreadFailed('start')), startDeadline)
  worker.on('message', (message: 'ready' | Result) => {
    if (message !== 'ready') return resolve(message as Result)
    clearTimeout(timer)
    timer = setTimeout(() => reject(new ThreadFailed('limits')), deadlineMs)
    worker.postMessage(task)
  })
  worker.once('error', (error: NodeJS.ErrnoException) =>
    reject(
      error.code === 'ERR_WORKER_OUT_OF_MEMORY' || error instanceof RangeError ? new ThreadFailed('limits') : error,
    ),
  )
  worker.once('exit', () => reject(new Error('the thread ended without a result')))
  return promise.finally(async () => {
    clearTimeout(timer)
    await worker.terminate()
  })
}
