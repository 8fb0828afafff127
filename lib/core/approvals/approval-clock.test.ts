import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clockOf, runningClock, secondsOn, stoppedSince, timeOn } from './approval-clock.ts'

const submittedAt = new Date('2026-11-26T02:00:00Z')
const at = (minutes: number) => new Date(submittedAt.getTime() + minutes * 60_000)
const asks = (minutes: number) => ({ personId: 'lea', needsInformation: true, at: at(minutes) })
const says = (minutes: number, personId = 'mina') => ({ personId, needsInformation: false, at: at(minutes) })
const clock = (...comments: Array<ReturnType<typeof asks>>) => clockOf(submittedAt, 'mina', comments)

test('the clock stops from a question until the requester answers, and then runs on', () => {
  const asked = clock(asks(5))
  expect([at(4), at(5), at(60)].map((time) => secondsOn(asked, time))).toEqual([240, 300, 300])
  expect(stoppedSince(asked)).toEqual(at(5))
  const answered = clock(asks(5), says(25))
  expect([at(5), at(25), at(35)].map((time) => secondsOn(answered, time))).toEqual([300, 300, 900])
  expect(stoppedSince(answered)).toBeNull()
})

test('what is due later than the question has no time until the answer, and moves by as long as that took', () => {
  expect(timeOn(clock(asks(5)), 900)).toBeNull()
  expect(timeOn(clock(asks(5)), 300)).toEqual(at(5))
  expect(timeOn(clock(asks(5), says(25)), 900)).toEqual(at(35))
  expect(timeOn(clock(asks(5), says(25), asks(30), says(31)), 900)).toEqual(at(36))
})

test('only the requester’s answer starts the clock, and only someone else stops it', () => {
  expect(secondsOn(clock(asks(5), says(6, 'sam'), asks(7)), at(60))).toBe(300)
  expect(secondsOn(clock({ ...asks(5), personId: 'mina' }), at(60))).toBe(3600)
  expect(secondsOn(clock(says(5), says(6, 'lea')), at(60))).toBe(3600)
})

const comments = fc
  .array(fc.record({ who: fc.constantFrom('mina', 'lea', 'sam'), needsInformation: fc.boolean(), after: fc.nat(900) }))
  .map((list) => {
    let minutes = 0
    return list.map(({ who, needsInformation, after }) => {
      minutes += after
      return { personId: who, needsInformation, at: at(minutes) }
    })
  })

test('whatever people write, the clock never runs backwards, never ahead of the time, and reaches a moment when it says', () => {
  fc.assert(
    fc.property(comments, fc.nat(20_000), fc.nat(20_000), (list, first, more) => {
      const one = clockOf(submittedAt, 'mina', list)
      const [earlier, later] = [secondsOn(one, at(first)), secondsOn(one, at(first + more))]
      expect(later).toBeGreaterThanOrEqual(earlier)
      expect(later).toBeLessThanOrEqual(secondsOn(runningClock(submittedAt), at(first + more)))
      const reached = timeOn(one, later)
      if (reached) expect(secondsOn(one, reached)).toBe(later)
      // What is written later changes nothing about the past.
      const answered = [...list, { personId: 'mina', needsInformation: false, at: at(50_000) }]
      expect(secondsOn(clockOf(submittedAt, 'mina', answered), at(first + more))).toBe(later)
    }),
  )
})
