import { describe, expect, test } from 'vitest'
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

describe('an expression is checked when the policy is loaded', () => {
  test.each([
    ["rules.exists(r, '*' in r.verbs)"],
    ['has(request.ticket) && request.ticket.matches(r"^[A-Z]+-\\d+$")'],
    ["now.getHours('Europe/Berlin') >= 9 && request.startsAt - now < duration('24h')"],
    ["difference.known && difference.added.exists(d, d.verb == 'delete' && d.namespace in request.namespaces)"],
    ["namespaceObject.metadata.labels['team'] == 'payments' || namespaceObject.metadata.name.startsWith('x-')"],
    ["risks.exists(r, r.severity == 'high') ? size(requester.groups) > 3 : cluster.labels.region == 'eu'"],
    ["rules.map(r, r.resources.filter(x, x.contains('/'))).exists(l, l.size() > 1)"],
  ])('the expression %s is accepted', (when) => {
    expect(problemOf(when)).toBeUndefined()
  })

  test.each([
    ['requst.reason == "x"', '0: There is no variable requst. Did you mean request?'],
    ['request.tikcet == "x"', /^8: Request has no field tikcet. Did you mean ticket\? At: tikcet == "x"$/],
    ['has(request.tikcet)', /has no field tikcet/],
    ['rules.exists(r, r.verb == "x")', /PolicyRule has no field verb. Did you mean verbs\?/],
    ['request.constructor == "x"', /has no field constructor. Known are: /],
    ['request.__proto__ == "x"', /__proto__/],
    ['request.reason == 1', /== is not defined for string and int/],
    ['request.duration > 30', /> is not defined for duration and int/],
    ['request.reason', '0: The expression returns string; it must return bool.'],
    ['rules.exists(r, r.verbs)', /must return bool/],
    ['request.reason.lowerAsci() == ""', /no function lowerAsci. Did you mean lowerAscii\?/],
    ['request.reason.startsWith(1)', /can't be called with these arguments/],
    ['1 +', '3: The expression is incomplete.'],
    ['request == request', /can't compare objects/],
    ['rules in [rules]', /can't compare objects/],
  ])('the expression %s is refused with a helpful message', (when, message) => {
    expect(problemOf(when)).toEqual(message instanceof RegExp ? expect.stringMatching(message) : message)
  })

  test.each([
    ['cel.bind(x, request.reason, x == x)', /no function bind/],
    ['dyn(1) == 1', /no function dyn/],
    ['type(1) == type(2)', /no function type/],
    ["b'x' == b'x'", /Bytes are not supported/],
    ["{'a': 1}.a == 1", /map is not supported/],
    ['google.protobuf.Timestamp == 1', /no variable google/],
    ["timestamp('yesterday') < now", /literal/],
    ['timestamp(request.reason) < now', /literal/],
    ["duration('a while') < request.duration", /literal/],
    ["now.getHours('Mars/Olympus') > 3", /time zone/],
    ["now.getHours('+02:00') > 3", /time zone/],
    ['now.getHours(request.reason) > 3', /time zone/],
  ])('CEL whose cost cannot be bounded is not supported: %s', (when, message) => {
    expect(problemOf(when)).toMatch(message)
  })

  test('a problem has the path of its guardrail and the character in the expression', () => {
    const [problem] = problemsOf({}, { name: 'second', when: "request.reason == 'x' && requests == 1" })
    expect(problem?.path).toEqual(['guardrails', 1, 'when'])
    expect(problem?.offset).toBe(25)
  })

  test('every problem of a policy is reported, not only the first', () => {
    const found = problemsOf(
      { when: 'nothing' },
      { messageExpression: 'size(rules)', limit: undefined },
      { name: 'three', effect: 'require', require: { ticket: { pattern: '(?=x)' } } },
      { name: 'four', effect: 'limit', limit: { freezes: [{ calendar: 'gone.ics', zone: 'UTC' }] } },
    )
    expect(found.map(({ path, message }) => `${path.join('.')} ${message}`)).toEqual([
      expect.stringMatching(/^guardrails.0.when There is no variable nothing/),
      expect.stringMatching(/^guardrails.1.name Another guardrail is named test/),
      expect.stringMatching(/^guardrails.1.messageExpression The expression returns int; it must return string/),
      expect.stringMatching(/^guardrails.2.require.ticket.pattern The pattern is not RE2 syntax/),
      expect.stringMatching(/^guardrails.3.limit.freezes can't read gone.ics/),
    ])
  })

  test('a policy with more guardrails than can be evaluated in time is refused', () => {
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

  test.each([
    ['four lists inside each other', 'rules.all(r, r.apiGroups.all(g, r.resources.all(x, r.verbs.all(v, v == x))))'],
    ['the same list over and over', nested(6)],
    ['lists that grow', 'rules.map(a, rules.map(b, rules.map(c, rules.map(d, rules.map(e, e))))).size() > 1'],
    ['texts that grow', `difference.added.map(a, difference.added.map(b, a.verb + b.verb).join('')).join('') == 'x'`],
  ])('an expression with %s is refused for its cost, without being evaluated', (_, when) => {
    expect(problemOf(when)).toMatch(/million steps/)
    expect(stepsOf(() => problemOf(when))).toBeLessThan(maxStepsToRefuse)
  })

  test.each([
    ['500 nested brackets', `${'('.repeat(500)}true${')'.repeat(500)}`],
    ['3,000 nested negations', `${'!'.repeat(3000)}true`],
    ['700 operands', Array.from({ length: 700 }, () => '1<2').join('||')],
    ['200 nested macros', nested(200)],
    ['a list of 1,501 elements', `1 in [${'1,'.repeat(1500)}1]`],
    ['a pattern with nested repetitions', "request.reason.matches('((a{1000}){1000}){1000}')"],
    ['a very long pattern', `request.reason.matches('${'a?'.repeat(500)}')`],
    ['a pattern from the request', 'request.reason.matches(request.ticket)'],
  ])('an expression with %s is refused', (_, when) => {
    expect(problemOf(when)).toMatch(/.+/)
    expect(stepsOf(() => problemOf(when))).toBeLessThan(maxStepsToRefuse)
  })
})

describe('the schema of a guardrail', () => {
  const issues = (guardrail: object) => {
    const result = guardrailSchema.safeParse({ ...base, ...guardrail })
    return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  }

  test.each([
    [{ effect: 'require' }, 'effect: require requires a require block'],
    [{ limit: { maxDuration: 'PT1H' } }, 'limit: requires effect: limit'],
    [{ effect: 'require', require: {} }, /^require: must have at least one of approvals/],
    [{ effect: 'limit', limit: { mayOutliveWindow: true } }, /^limit: must have at least one of maxDuration/],
    [{ effect: 'limit', limit: { maxDuration: 'PT1H', mayOutliveWindow: true } }, /requires windows or freezes/],
    [{ message: 'a', messageExpression: "'b'" }, 'messageExpression: must not be combined with message'],
    [{ message: 'a\u202eb' }, /plain text/],
    [{ unless: 'x' }, /unless/],
    [{ link: 'javascript:alert(1)' }, /link/],
  ])('the guardrail %j is refused', (guardrail, message) => {
    expect(issues(guardrail)).toContainEqual(message instanceof RegExp ? expect.stringMatching(message) : message)
  })

  test.each([
    [{ zone: 'Berlin', days: ['mon'], from: '09:00', to: '10:00' }, /IANA/],
    [{ zone: 'UTC', days: ['monday'], from: '09:00', to: '10:00' }, /mon-fri/],
    [{ zone: 'UTC', days: ['mon'], from: '24:00', to: '10:00' }, /09:00/],
    [{ zone: 'UTC', days: ['mon'], from: '09:00', to: '24:01' }, /18:00/],
  ])('the window %j is refused', (window, message) => {
    expect(issues({ effect: 'limit', limit: { windows: [window] } })).toContainEqual(expect.stringMatching(message))
  })
})
