import { describe, expect, it } from 'vitest'
import { stepsOf } from '#testing/steps'
import { compileGuardrails } from './compile.ts'
import { type GuardrailInput, guardrailSchema } from './schema.ts'

const base = { name: 'test', description: 'For a test.', effect: 'deny' as const }
const problemsOf = (...guardrails: Partial<GuardrailInput>[]) => {
  const parsed = guardrails.map((guardrail) => guardrailSchema.parse({ ...base, ...guardrail }))
  const result = compileGuardrails(parsed)
  return result.ok ? [] : result.problems
}
const problemOf = (when: string) => problemsOf({ when }).map(({ offset, message }) => `${offset}: ${message}`)[0]

describe('an expression is checked on loading', () => {
  it.each([
    ["rules.exists(r, '*' in r.verbs)"],
    ['has(request.ticket) && request.ticket.matches(r"^[A-Z]+-\\d+$")'],
    ["now.getHours('Europe/Berlin') >= 9 && request.startsAt - now < duration('24h')"],
    ["difference.known && difference.added.exists(d, d.verb == 'delete' && d.namespace in request.namespaces)"],
    ["namespaceObject.metadata.labels['team'] == 'payments' || namespaceObject.metadata.name.startsWith('x-')"],
    ["risks.exists(r, r.severity == 'high') ? size(requester.groups) > 3 : cluster.labels.region == 'eu'"],
    ["rules.map(r, r.resources.filter(x, x.contains('/'))).exists(l, l.size() > 1)"],
  ])('accepts %s', (when) => {
    expect(problemOf(when)).toBeUndefined()
  })

  it.each([
    ['requst.reason == "x"', '0: There is no variable requst. Did you mean request?'],
    ['request.tikcet == "x"', /^8: Request has no field tikcet. Did you mean ticket\? It is at: tikcet == "x"$/],
    ['has(request.tikcet)', /has no field tikcet/],
    ['rules.exists(r, r.verb == "x")', /PolicyRule has no field verb. Did you mean verbs\?/],
    ['request.constructor == "x"', /has no field constructor. Known are: /],
    ['request.__proto__ == "x"', /__proto__/],
    ['request.reason == 1', /== does not go with string and int/],
    ['request.duration > 30', /> does not go with duration and int/],
    ['request.reason', '0: This is of type string, and it must be bool: true or false.'],
    ['rules.exists(r, r.verbs)', /must return bool/],
    ['request.reason.lowerAsci() == ""', /no function lowerAsci here. Did you mean lowerAscii\?/],
    ['request.reason.startsWith(1)', /cannot be called like this/],
    ['1 +', '3: The expression ends too early: something is missing.'],
    ['request == request', /does not compare objects/],
    ['rules in [rules]', /does not compare objects/],
  ])('refuses %s and says what would be right', (when, message) => {
    expect(problemOf(when)).toEqual(message instanceof RegExp ? expect.stringMatching(message) : message)
  })

  it.each([
    ['cel.bind(x, request.reason, x == x)', /no function bind/],
    ['dyn(1) == 1', /no function dyn/],
    ['type(1) == type(2)', /no function type/],
    ["b'x' == b'x'", /Bytes are not used/],
    ["{'a': 1}.a == 1", /map is not used/],
    ['google.protobuf.Timestamp == 1', /no variable google/],
    ["timestamp('yesterday') < now", /written out/],
    ['timestamp(request.reason) < now', /written out/],
    ["duration('a while') < request.duration", /written out/],
    ["now.getHours('Mars/Olympus') > 3", /time zone/],
    ["now.getHours('+02:00') > 3", /time zone/],
    ['now.getHours(request.reason) > 3', /time zone/],
  ])('keeps to a dialect that is bounded: no %s', (when, message) => {
    expect(problemOf(when)).toMatch(message)
  })

  it('points into the expression and to the guardrail', () => {
    const [problem] = problemsOf({}, { name: 'second', when: "request.reason == 'x' && requests == 1" })
    expect(problem?.path).toEqual(['guardrails', 1, 'when'])
    expect(problem?.offset).toBe(25)
  })

  it('names every problem, not the first', () => {
    const found = problemsOf(
      { when: 'nothing' },
      { messageExpression: 'size(rules)', limit: undefined },
      { name: 'three', effect: 'require', require: { ticket: { pattern: '(?=x)' } } },
      { name: 'four', effect: 'limit', limit: { freezes: [{ calendar: 'gone.ics', zone: 'UTC' }] } },
    )
    expect(found.map(({ path, message }) => `${path.join('.')} ${message}`)).toEqual([
      expect.stringMatching(/^guardrails.0.when There is no variable nothing/),
      expect.stringMatching(/^guardrails.1.name There is another guardrail called test/),
      expect.stringMatching(/^guardrails.1.messageExpression This is of type int, and it must be string/),
      expect.stringMatching(/^guardrails.2.require.ticket.pattern The pattern is not RE2 syntax/),
      expect.stringMatching(/^guardrails.3.limit.freezes gone.ics could not be read/),
    ])
  })

  it('refuses more guardrails than it can judge in time', () => {
    const many = Array.from({ length: 1001 }, (_, n) => guardrailSchema.parse({ ...base, name: `g${n}` }))
    expect(compileGuardrails(many)).toMatchObject({
      ok: false,
      problems: [{ message: expect.stringContaining('1000') }],
    })
  })
})

describe('hostile expressions', () => {
  const maxStepsToRefuse = 100_000
  const nested = (depth: number) => `${'rules.all(a, '.repeat(depth)}true${')'.repeat(depth)}`

  it.each([
    ['four lists inside each other', 'rules.all(r, r.apiGroups.all(g, r.resources.all(x, r.verbs.all(v, v == x))))'],
    ['the same list over and over', nested(6)],
    ['lists that grow', 'rules.map(a, rules.map(b, rules.map(c, rules.map(d, rules.map(e, e))))).size() > 1'],
    ['texts that grow', `difference.added.map(a, difference.added.map(b, a.verb + b.verb).join('')).join('') == 'x'`],
  ])('%s: refused on loading, because of what it could cost', (_, when) => {
    expect(problemOf(when)).toMatch(/million steps/)
    expect(stepsOf(() => problemOf(when))).toBeLessThan(maxStepsToRefuse)
  })

  it.each([
    ['too deep', `${'('.repeat(500)}true${')'.repeat(500)}`],
    ['too deep by not', `${'!'.repeat(3000)}true`],
    ['too wide', Array.from({ length: 700 }, () => '1<2').join('||')],
    ['too many macros', nested(200)],
    ['a list without end', `1 in [${'1,'.repeat(1500)}1]`],
    ['a pattern that would blow up', "request.reason.matches('((a{1000}){1000}){1000}')"],
    ['a pattern without end', `request.reason.matches('${'a?'.repeat(500)}')`],
    ['a pattern from the outside', 'request.reason.matches(request.ticket)'],
  ])('%s: refused', (_, when) => {
    expect(problemOf(when)).toMatch(/.+/)
    expect(stepsOf(() => problemOf(when))).toBeLessThan(maxStepsToRefuse)
  })
})

describe('the shape of a guardrail', () => {
  const issues = (guardrail: object) => {
    const result = guardrailSchema.safeParse({ ...base, ...guardrail })
    return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  }

  it.each([
    [{ effect: 'require' }, 'effect: require needs a require block'],
    [{ limit: { maxDuration: 'PT1H' } }, 'limit: goes with effect: limit'],
    [{ effect: 'require', require: {} }, 'require: say what is required'],
    [{ effect: 'limit', limit: { mayOutliveWindow: true } }, /^limit: say maxDuration/],
    [{ effect: 'limit', limit: { maxDuration: 'PT1H', mayOutliveWindow: true } }, /needs windows or freezes/],
    [{ message: 'a', messageExpression: "'b'" }, 'messageExpression: say message or messageExpression, not both'],
    [{ message: 'a\u202eb' }, /plain text/],
    [{ unless: 'x' }, /unless/],
    [{ link: 'javascript:alert(1)' }, /link/],
  ])('%j is refused', (guardrail, message) => {
    expect(issues(guardrail)).toContainEqual(message instanceof RegExp ? expect.stringMatching(message) : message)
  })

  it.each([
    [{ zone: 'Berlin', days: ['mon'], from: '09:00', to: '10:00' }, /IANA/],
    [{ zone: 'UTC', days: ['monday'], from: '09:00', to: '10:00' }, /mon-fri/],
    [{ zone: 'UTC', days: ['mon'], from: '24:00', to: '10:00' }, /09:00/],
    [{ zone: 'UTC', days: ['mon'], from: '09:00', to: '24:01' }, /18:00/],
  ])('the window %j is refused', (window, message) => {
    expect(issues({ effect: 'limit', limit: { windows: [window] } })).toContainEqual(expect.stringMatching(message))
  })
})
