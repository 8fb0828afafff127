import { describe, expect, test } from 'vitest'
import { auditEvents, auditEventTypes, auditSentence } from './events.ts'
import { eventExamples } from './examples.testing.ts'

describe.each(auditEventTypes)('%s', (type) => {
  test(`${type} is a noun and a past verb, accepts its data and has a sentence`, () => {
    expect(type).toMatch(/^[a-z]+\.[a-z]+(-[a-z]+)*$/)
    expect(auditEvents[type].data.safeParse(eventExamples[type]).error).toBeUndefined()
    const sentence = auditSentence(type, eventExamples[type])
    expect(sentence).not.toBe(type)
    expect(sentence).not.toMatch(/undefined|\[object|null/)
  })

  test(`${type} refuses a field that its schema does not name`, () => {
    const more = { ...(eventExamples[type] as object), token: 'eyJhbGciOi' }
    expect(auditEvents[type].data.safeParse(more).success).toBe(false)
  })
})

test('no event has a field for a token, a password, a secret or a key', () => {
  for (const type of auditEventTypes)
    expect(Object.keys(auditEvents[type].data.shape).join()).not.toMatch(/token|password|secret|key/i)
})

test.each([
  ['grant.ending', null],
  ['grant.ending', { endedBy: 'later-reason' }],
  ['a.later-type', {}],
  ['__proto__', {}],
  ['constructor', {}],
])('an event that cannot be read is shown as its type: %s with %j', (type, data) => {
  expect(auditSentence(type, data)).toBe(type)
})
