import { Worker } from 'node:worker_threads'
import { AppError } from '#lib/core/access/errors'
import type { TrialProblem, TrialResult, TrialTask } from './trial.ts'

/** Milliseconds. A replay ends by itself before (`budget`); this ends what does not: a text made to take for ever. */
const deadline = 10_000
export const replayBudget = 6_000

/** Milliseconds until a thread has loaded what it needs; more than a machine takes that is busy with everything else. */
const startDeadline = 20_000

/** Megabytes. What the libraries need, and a policy of the largest size several times over. */
const resourceLimits = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 }

/** Threads at the same time in one process: each may take a whole processor. */
const mostAtOnce = 2

// Next bundles pages and routes apart from each other: a variable of this module would exist once in each.
const shared = globalThis as typeof globalThis & { posternTrials?: Set<string> }
shared.posternTrials ??= new Set()
const running = shared.posternTrials

const tooMuch = () =>
  new AppError('invalid', 'Trying this took more time or memory than one trial is given: make the policy smaller.', {
    errors: [{ pointer: '/policy', message: 'takes too much time or memory' }],
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
  worker.on('message', (said: 'ready' | TrialResult<T>) => {
    if (said !== 'ready') return resolve(said)
    clearTimeout(timer)
    timer = setTimeout(() => reject(tooMuch()), deadline)
    worker.postMessage(task)
  })
  worker.once('error', (error: NodeJS.ErrnoException) =>
    reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' || error instanceof RangeError ? tooMuch() : error),
  )
  worker.once('exit', () => reject(new Error('the thread of a trial ended without an answer')))
  return promise.finally(async () => {
    clearTimeout(timer)
    await worker.terminate()
  })
}

/**
 * Tries a policy, in a thread of its own with limits on time and memory: whatever its text is, this process goes on.
 * One person tries one at a time.
 * @throws AppError `invalid` with every problem of the text, or where it took too much; `rate-limited` where too many
 *   are tried at the same time
 */
export async function tryPolicy<T extends TrialTask>(
  personId: string,
  task: T,
): Promise<Extract<TrialResult<T>, { ok: true }>['result']> {
  if (running.has(personId)) throw new AppError('rate-limited', 'You are trying a policy already: wait for its answer.')
  if (running.size >= mostAtOnce)
    throw new AppError('rate-limited', 'Others are trying policies right now. Try again in a few seconds.')
  running.add(personId)
  try {
    const answer = await inThread(task)
    if (answer.ok) return answer.result
    const [first] = answer.problems
    const sentence = first
      ? `In the ${first.in}, line ${first.line}: ${first.path} ${first.message}`
      : 'It is not usable.'
    throw new AppError('invalid', sentence.replace(/([^.!?)])$/, '$1.'), { errors: answer.problems.map(problemAt) })
  } finally {
    running.delete(personId)
  }
}
