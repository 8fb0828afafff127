import { AppError } from '#lib/core/access/errors'
import { metrics } from '#lib/observability/metrics'

// How many calls of one person this process works on at once. The rate limits bound how often a person calls; this bounds
// how much of a process one person occupies, whatever a single call costs: between two calls of theirs, other people's
// calls get their turn.

const mostAtOnce = 4
/** A script may well send a few calls together. Those that wait have cost nothing yet, not even reading their body. */
const mostWaiting = 16

type Person = { atWork: number; waiting: Array<() => void> }

// Next bundles routes apart from each other; calls are counted for the process.
const shared = globalThis as typeof globalThis & { posternCallsInProgress?: Map<string, Person> }

/** `begins` resolves when the call may begin. `end` makes room for the next one, also if the call has not begun. */
export type Turn = { begins: Promise<void>; end(): void }

/**
 * A call's turn among the calls of the same person.
 * @throws AppError `rate-limited` while too many calls of this person are waiting
 */
export function takeTurn(personId: string): Turn {
  shared.posternCallsInProgress ??= new Map()
  const people = shared.posternCallsInProgress
  const person = people.get(personId) ?? { atWork: 0, waiting: [] }
  if (person.waiting.length >= mostWaiting) {
    metrics().rateLimited.inc({ bucket: 'in-progress' })
    throw new AppError(
      'rate-limited',
      `${mostAtOnce + mostWaiting} of your calls are still in progress. Wait until some of them have finished.`,
    )
  }
  people.set(personId, person)
  const { promise: begins, resolve } = Promise.withResolvers<void>()
  let state: 'waiting' | 'at work' | 'over' = 'waiting'
  const begin = () => {
    state = 'at work'
    person.atWork += 1
    resolve()
  }
  if (person.atWork < mostAtOnce) begin()
  else person.waiting.push(begin)
  const end = () => {
    if (state === 'waiting') person.waiting.splice(person.waiting.indexOf(begin), 1)
    if (state === 'at work') {
      person.atWork -= 1
      person.waiting.shift()?.()
    }
    state = 'over'
    if (person.atWork === 0) people.delete(personId)
  }
  return { begins, end }
}
