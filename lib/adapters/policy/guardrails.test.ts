import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { aConfiguration } from '#testing/configuration'
import { parseConfiguration, readConfiguration } from './parse.ts'

const { guardrails: _, ...rest } = aConfiguration()
/** A configuration that begins with these lines about guardrails, so that their lines count from 1. */
const configurationWith = (lines: string) => `${lines}\n${stringify(rest)}`

/** Each problem as `line:column path message`. */
function problems(lines: string, calendars?: ReadonlyMap<string, string>): string[] {
  const result = parseConfiguration(configurationWith(lines), 'postern.yaml', calendars)
  if (result.ok) throw new Error('was accepted')
  return result.problems.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`)
}

function accepted(lines: string, calendars?: ReadonlyMap<string, string>) {
  const result = parseConfiguration(configurationWith(lines), 'postern.yaml', calendars)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result
}

const namesOf = ({ compiled }: ReturnType<typeof accepted>) => compiled.map(({ guardrail }) => guardrail.name)
const one = (rest: string) => `guardrails:\n  - name: one\n    description: Why.\n${rest}`

describe('guardrails of a configuration', () => {
  test('the guardrails are those of the pack that are not switched off, and the configured ones', () => {
    expect(namesOf(accepted('guardrails: []'))).toEqual([
      'only-namespaced',
      'no-escalation',
      'no-service-accounts',
      'protected-namespaces',
    ])
    const pack = '{ only-namespaced: false, no-escalation: false, no-service-accounts: false, break-glass: false }'
    expect(namesOf(accepted(`guardrailPack: ${pack}\n${one('    effect: deny')}`))).toEqual([
      'protected-namespaces',
      'one',
    ])
  })

  test('a change of the guardrails changes the hash of the configuration', () => {
    const [none, some] = [accepted('guardrails: []'), accepted(one('    effect: warn'))]
    expect(some.hash).not.toBe(none.hash)
    expect(accepted('guardrailPack: {}').hash).toBe(none.hash)
    expect(accepted('guardrailPack: { no-escalation: false }').hash).not.toBe(none.hash)
  })
})

describe('problems of guardrails', () => {
  test.each([
    ['a plain expression', '    when: requester.groop == "x"\n    effect: deny', '4:21 guardrails[0].when'],
    ['a quoted expression', "    when: 'now > 3'\n    effect: deny", '4:12 guardrails[0].when'],
    [
      'the second line of a block',
      "    when: |-\n      'a' in requester.groups\n      && nothing\n    effect: deny",
      '6:10 guardrails[0].when',
    ],
    [
      'a folded expression',
      "    when: >-\n      'a' in requester.groups\n      && nothing\n    effect: deny",
      '4:11 guardrails[0].when',
    ],
    ['the message', '    effect: deny\n    messageExpression: "1"', '5:25 guardrails[0].messageExpression'],
    [
      'a pattern',
      '    effect: require\n    require:\n      ticket: { pattern: "(?=a)" }',
      '6:26 guardrails[0].require.ticket.pattern',
    ],
    ['a setting of the pack', '    effect: deny\nguardrailPack:\n  exec-only-with-ticket: { pattern: "(" }', '6:'],
  ])('a problem in %s is reported at its line and column', (_, rest, expected) => {
    const found = problems(one(rest))
    expect(found).toHaveLength(1)
    expect(found[0]?.slice(0, expected.length)).toBe(expected)
  })

  test('a guardrail’s problems are reported together with those of other parts', () => {
    expect(problems(`surprise: 1\n${one('    when: nothing\n    effect: deny')}`)).toMatchObject([
      expect.stringMatching(/^1:1 surprise is not a known key/),
      expect.stringMatching(/^5:11 guardrails\[0\].when .*nothing/),
    ])
  })

  test('a duplicate guardrail name is reported at the second guardrail', () => {
    const twice = `${one('    effect: deny')}\n  - name: one\n    description: Again.\n    effect: warn`
    expect(problems(twice)).toEqual([
      expect.stringMatching(/^5:11 guardrails\[1\].name Another guardrail is named one/),
    ])
    const packs = one('    effect: deny').replace('name: one', 'name: no-escalation')
    expect(problems(packs)).toEqual([
      expect.stringMatching(/^2:11 guardrails\[0\].name Another guardrail is named no-escalation/),
    ])
  })
})

describe('keys that allow several forms', () => {
  test.each([
    [
      'a switch with another value than true or false',
      'guardrailPack: { no-escalation: yes please }',
      '1:33 guardrailPack.no-escalation must be true or false',
    ],
    [
      'an unknown switch of the pack',
      'guardrailPack: { no-escalations: true }',
      '1:18 guardrailPack.no-escalations is not a known key; did you mean no-escalation?',
    ],
    [
      'an unknown setting of the pack',
      'guardrailPack: { longest-duration: { maxx: { prod: PT1H } } }',
      '1:38 guardrailPack.longest-duration.maxx is not a known key; did you mean max?',
    ],
    [
      'an invalid setting of the pack',
      'guardrailPack: { longest-duration: { max: { prod: 3 } } }',
      '1:51 guardrailPack.longest-duration.max.prod must',
    ],
    [
      'true for a guardrail that needs settings',
      'guardrailPack: { longest-duration: true }',
      '1:36 guardrailPack.longest-duration must be false, or a mapping',
    ],
  ])('%s is reported with the expected form', (_, lines, expected) => {
    const found = problems(lines)
    expect(found).toHaveLength(1)
    expect(found[0]?.slice(0, expected.length)).toBe(expected)
  })

  const freeze = (text: string) => one(`    effect: limit\n    limit:\n      freezes:\n        - ${text}`)
  test('a problem is reported by the form that the input resembles most', () => {
    expect(problems(freeze('{ name: Feast, from: "2026-12-21", to: soon, zone: UTC }'))).toEqual([
      expect.stringMatching(/^7:50 guardrails\[0\].limit.freezes\[0\].to must be a date/),
    ])
    expect(problems(freeze('{ calender: feasts.ics, zone: UTC }'))).toContainEqual(
      expect.stringMatching(
        /^7:13 guardrails\[0\].limit.freezes\[0\].calender is not a known key; did you mean calendar\?/,
      ),
    )
  })
})

describe('calendars', () => {
  const lines = one('    effect: limit\n    limit: { freezes: [{ calendar: feasts.ics, zone: UTC }] }')
  const calendar = (day: string) =>
    `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20261101T000000Z\r\nDTSTART;VALUE=DATE:${day}\r\nSUMMARY:Feast\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`

  test('the calendars of a configuration are known before they are read', () => {
    expect(readConfiguration(configurationWith(lines), 'postern.yaml').calendars).toEqual(['feasts.ics'])
  })

  test('an unreadable or invalid calendar is reported where the configuration names it', () => {
    expect(problems(lines)).toEqual([expect.stringMatching(/^5:23 .*freezes can't read feasts.ics/)])
    expect(problems(lines, new Map([['feasts.ics', 'x']]))).toEqual([expect.stringContaining('not an iCalendar file')])
  })

  test('calendars are part of the hash and of the stored document', () => {
    const [one, other] = ['20261224', '20261225'].map((day) =>
      accepted(lines, new Map([['feasts.ics', calendar(day)]])),
    )
    expect(one?.hash).not.toBe(other?.hash)
    expect(one?.document.calendars).toEqual({ 'feasts.ics': calendar('20261224') })
  })
})
