import { Worker } from 'node:worker_threads'
import { inThread, ThreadFailed, threadLimits } from '#lib/adapters/in-thread'
import { AppError } from '#lib/core/access/errors'
import type { TrialProblem, TrialResult, TrialTask } from './trial.ts'

/** Milliseconds. A replay stops earlier on its own (`replayBudget`); this limit is for texts made to run forever. */
const deadline = 10_000
export const replayBudget = 6_000

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

function tryOut<T extends TrialTask>(task: T): Promise<TrialResult<T>> {
  const worker = new Worker(new URL('./trial-thread.ts', import.meta.url), { resourceLimits: threadLimits, env: {} })
  return inThread<TrialResult<T>>(worker, task, deadline).catch((error: unknown) => {
    if (!(error instanceof ThreadFailed)) throw error
    throw error.reason === 'limits' ? tooMuch() : busy()
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
    const result = await tryOut(task)
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
