import { Worker } from 'node:worker_threads'
import { AppError } from '#lib/core/access/errors'
import type { TrialProblem, TrialResult, TrialTask } from './trial.ts'

/** Milliseconds. A replay stops earlier on its own (`replayBudget`); this limit is for texts made to run forever. */
const deadline = 10_000
export const replayBudget = 6_000

/** Milliseconds that a thread may take to load its modules, enough for a busy machine. */
const startDeadline = 20_000

/** Megabytes, enough for the libraries and several times the largest allowed policy. */
const resourceLimits = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 }

/** Simultaneous threads per process, because each may use a whole CPU core. */
const mostAtOnce = 2

// Next.js bundles pages and routes separately, so a variable of this module would exist once per bundle.
const shared = globalThis as typeof globalThis & { posternTrials?: Set<string> }
shared.posternTrials ??= new Set()
const running = shared.posternTrials

const tooMuch = () =>
  new AppError('invalid', 'The policy exceeded the time or memory limit of a trial. Make it smaller.', {
    errors: [{ pointer: '/policy', message: 'needs too much time or memory' }],
  })

const busy = () => new AppError('rate-limited', 'Postern is busy right now. Try again in a few seconds.')

const problemAt = ({ in: where, line, column, path, message }: TrialProblem) => ({
  pointer: `/${where}`,
  message: `${line}:${column}: ${path ? `${path} ` : ''}${message}`,
})

function inThread<T extends TrialTask>(task: T): Promise<TrialResult<T>> {
  const { promise, resolve, reject } = Promise.withResolvers<TrialResult<T>>()
  const worker = new Worker(new URL('./trial-thread.ts', import.meta.url), { resourceLimits, env: {} })
  let timer = setTimeout(() => reject(busy()), startDeadline)
  worker.on('message', (message: 'ready' | TrialResult<T>) => {
    if (message !== 'ready') return resolve(message)
    clearTimeout(timer)
    timer = setTimeout(() => reject(tooMuch()), deadline)
    worker.postMessage(task)
  })
  worker.once('error', (error: NodeJS.ErrnoException) =>
    reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' || error instanceof RangeError ? tooMuch() : error),
  )
  worker.once('exit', () => reject(new Error('the trial’s thread ended without a result')))
  return promise.finally(async () => {
    clearTimeout(timer)
    await worker.terminate()
  })
}

/**
 * Tries out a policy in a separate thread with limits on time and memory, so that no text can block this process. Each
 * person may run one trial at a time.
 * @throws AppError `invalid` with every problem of the text, or when it exceeds the limits; `rate-limited` when too
 * many trials are running
 */
export async function tryPolicy<T extends TrialTask>(
  personId: string,
  task: T,
): Promise<Extract<TrialResult<T>, { ok: true }>['result']> {
  if (running.has(personId))
    throw new AppError('rate-limited', 'You are already trying out a policy. Wait for its result.')
  if (running.size >= mostAtOnce)
    throw new AppError('rate-limited', 'Other people are trying out policies right now. Try again in a few seconds.')
  running.add(personId)
  try {
    const result = await inThread(task)
    if (result.ok) return result.result
    const [first] = result.problems
    const sentence = first
      ? `In the ${first.in}, line ${first.line}: ${first.path} ${first.message}`
      : 'The policy is invalid.'
    throw new AppError('invalid', sentence.replace(/([^.!?)])$/, '$1.'), { errors: result.problems.map(problemAt) })
  } finally {
    running.delete(personId)
  }
}
