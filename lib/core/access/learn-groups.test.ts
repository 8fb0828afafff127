import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inBoth, learnAnswer, learnGroups, type NamedGroups } from './learn-groups.ts'

const someGroups = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'))
/** Few seconds, so that tokens often have the same. */
const someTokens = fc.array(
  fc.record({ groups: someGroups, at: fc.integer({ min: 0, max: 4 }).map((second) => new Date(second * 1000)) }),
  { minLength: 1, maxLength: 8 },
)
const anyOrder = someTokens.chain((tokens) =>
  fc.record({
    tokens: fc.constant(tokens),
    shuffled: fc.shuffledSubarray(tokens, { minLength: tokens.length, maxLength: tokens.length }),
  }),
)

const learnAll = (tokens: readonly NamedGroups[]) => tokens.reduce<NamedGroups | null>(learnGroups, null)
const sorted = (known: NamedGroups | null) => known && { groups: [...known.groups].sort(), at: known.at }

test('in any order of any tokens, the groups in force are never more than those of the newest seen', () => {
  fc.assert(
    fc.property(someTokens, (tokens) => {
      let known: NamedGroups | null = null
      tokens.forEach((token, index) => {
        known = learnGroups(known, token)
        const inForce = inBoth(token.groups, known.groups)
        const seen = tokens.slice(0, index + 1)
        const newestAt = Math.max(...seen.map(({ at }) => at.getTime()))
        for (const { groups } of seen.filter(({ at }) => at.getTime() === newestAt)) {
          expect(groups).toEqual(expect.arrayContaining(inForce))
          expect(groups).toEqual(expect.arrayContaining([...known.groups]))
        }
        expect(token.groups).toEqual(expect.arrayContaining(inForce))
      })
    }),
  )
})

test('what is known at the end does not depend on the order in which the tokens arrive', () => {
  fc.assert(
    fc.property(anyOrder, ({ tokens, shuffled }) => {
      expect(sorted(learnAll(shuffled))).toEqual(sorted(learnAll(tokens)))
    }),
  )
})

test('a newer token gives exactly its own groups', () => {
  fc.assert(
    fc.property(someTokens, someGroups, (tokens, groups) => {
      const newer = { groups, at: new Date(5000) }
      expect(inBoth(groups, learnGroups(learnAll(tokens), newer).groups)).toEqual(groups)
    }),
  )
})

test('an answer to a question of Postern itself never leaves a group that it does not name', () => {
  fc.assert(
    fc.property(someTokens, someTokens, (tokens, [answer]) => {
      if (!answer) return
      const known = learnAll(tokens)
      const learned = learnAnswer(known, answer)
      expect(answer.groups).toEqual(expect.arrayContaining([...learned.groups]))
      expect(learned.at.getTime()).toBe(Math.max(known?.at.getTime() ?? 0, answer.at.getTime()))
    }),
  )
})
