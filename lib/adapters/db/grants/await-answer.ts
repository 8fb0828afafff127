import { type Listener, listen } from '#lib/adapters/db/listen'
import { AppError } from '#lib/core/access/errors'
import { answerChannel, answerIn, type OrderAnswer } from './credential-orders.ts'

type Waiting = { listener: Listener; answers: Map<string, (answer: OrderAnswer) => void> }

// One connection for all waiting callers of this process; Next's several bundles share it.
const shared = globalThis as typeof globalThis & { posternAnswers?: Waiting }

function waitingHere(): Waiting {
  if (shared.posternAnswers) return shared.posternAnswers
  const answers: Waiting['answers'] = new Map()
  const listener = listen([answerChannel], (_channel, payload) => {
    const answer = answerIn(payload)
    if (answer) answers.get(answer.order)?.(answer)
  })
  shared.posternAnswers = { listener, answers }
  return shared.posternAnswers
}

/** Closes the connection at the end of the process or of a test file. */
export async function stopAwaiting(): Promise<void> {
  const waiting = shared.posternAnswers
  shared.posternAnswers = undefined
  await waiting?.listener.stop()
}

const tooLate = () =>
  new AppError('unavailable', 'No worker responded in time. Your access is not affected. Try again in a moment.')

/**
 * Places an order and waits for its answer. It listens before the order is placed, because PostgreSQL drops
 * notifications without a listener.
 * @param place commits the order
 * @param giveUp cancels an order that was not answered in time
 * @throws AppError `unavailable` when no worker answers within `patienceMs`
 */
export async function awaitAnswer(
  order: string,
  place: () => Promise<void>,
  patienceMs: number,
  giveUp: (order: string) => Promise<void>,
): Promise<OrderAnswer> {
  const { listener, answers } = waitingHere()
  const answer = Promise.withResolvers<OrderAnswer>()
  const timer = setTimeout(() => answer.reject(tooLate()), patienceMs)
  answer.promise.catch(() => {})
  answers.set(order, answer.resolve)
  try {
    await Promise.race([listener.ready, answer.promise])
    await place()
    return await answer.promise
  } catch (error) {
    await giveUp(order).catch(() => {})
    throw error
  } finally {
    clearTimeout(timer)
    answers.delete(order)
  }
}
