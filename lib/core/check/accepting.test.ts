import { describe, expect, test } from 'vitest'
import { applyBaseline, baselineOf, parseBaseline } from './baseline.ts'
import { api, checkText, documents, found, role } from './checking.testing.ts'

const exec = '[{apiGroups: [""], resources: [pods/exec], verbs: [create]}]'
const waived = (line: string) =>
  `${api}\nkind: Role # ${line}\nmetadata: {name: r, namespace: payments}\nrules: ${exec}\n`

describe('a waiver', () => {
  test.each([
    ['in a comment', waived('postern:waive runs-commands-in-pods until 2026-12-31: the debugger needs it')],
    ['in a comment before the object', `# postern:waive runs-commands-in-pods until 2026-12-31: why\n${role(exec)}`],
    [
      'in an annotation',
      role(exec, '{name: r, annotations: {postern.dev/waive: "runs-commands-in-pods until 2026-12-31: why"}}'),
    ],
    ['on its last day', waived('postern:waive runs-commands-in-pods until 2026-11-25: why')],
  ])('a waiver %s accepts the finding, with its reason', (_, text) => {
    const checker = checkText(text)
    expect(found(checker)).toEqual([])
    expect(checker.findings[0]?.accepted).toMatchObject({ by: 'waiver', reason: expect.stringMatching(/why|debugger/) })
  })

  test('an expired waiver accepts nothing, and is a finding itself', () => {
    expect(found(checkText(waived('postern:waive runs-commands-in-pods until 2026-11-24: why'))).sort()).toEqual([
      'medium runs-commands-in-pods',
      'medium waiver-expired',
    ])
  })

  test('an unused waiver is a finding', () => {
    expect(found(checkText(waived('postern:waive creates-pods until 2026-12-31: why'))).sort()).toEqual([
      'low waiver-unused',
      'medium runs-commands-in-pods',
    ])
  })

  test.each([
    'postern:waive runs-commands-in-pods',
    'postern:waive runs-commands-in-pods until 2026-12-31',
    'postern:waive runs-commands-in-pods until 2026-12-31:',
    'postern:waive runs-commands-in-pods until 2026-02-30: why',
    'postern:waive runs-commands-in-pods until tomorrow: why',
    'postern:waive * until 2026-12-31: why',
  ])('the waiver "%s" is invalid, accepts nothing, and is a finding itself', (line) => {
    expect(found(checkText(waived(line))).sort()).toEqual(['medium runs-commands-in-pods', 'medium waiver-malformed'])
  })

  test('a waiver applies to its own object only', () => {
    const comment = '# postern:waive runs-commands-in-pods until 2026-12-31: why\n'
    const other = role(exec, '{name: other}')
    const checker = checkText(documents(`${comment}${role(exec)}`, other))
    expect(checker.findings.map(({ object, accepted }) => [object.name, accepted !== null])).toEqual([
      ['r', true],
      ['other', false],
    ])
    const items = `${api}\nkind: RoleList\nitems:\n- metadata: {name: a}\n  rules: ${exec}\n- metadata: {name: b} ${comment}  rules: ${exec}\n`
    expect(checkText(items).findings.map(({ object, accepted }) => [object.name, accepted !== null])).toEqual([
      ['a', false],
      ['b', true],
    ])
  })
})

describe('a baseline', () => {
  const known = (text: string) => parseBaseline(JSON.stringify(baselineOf(checkText(text).findings)))
  const against = (baseline: ReturnType<typeof known>, text: string) => {
    const checker = checkText(text)
    const fixed = applyBaseline(baseline, checker.findings)
    return { found: found(checker), fixed: fixed.map(({ id }) => id) }
  }
  const before = role(exec)

  test('a baseline accepts known findings, even if lines have moved or values are in another order', () => {
    const moved = `# more\n\n---\n\n${role('[{verbs: [create], resources: [pods/exec], apiGroups: [""]}]')}`
    expect(against(known(before), before)).toEqual({ found: [], fixed: [] })
    expect(against(known(before), moved)).toEqual({ found: [], fixed: [] })
  })

  test('a baseline does not accept a rule that grants more, or another object', () => {
    const more = role('[{apiGroups: [""], resources: [pods/exec], verbs: [create, get]}]')
    expect(against(known(before), more).found).toEqual(['medium runs-commands-in-pods'])
    expect(against(known(before), role(exec, '{name: other, namespace: payments}')).found).toEqual([
      'medium runs-commands-in-pods',
    ])
  })

  test('a baseline does not accept a copy of a known role', () => {
    expect(against(known(before), documents(before, before)).found).toEqual(['medium runs-commands-in-pods'])
    expect(against(known(documents(before, before)), documents(before, before)).found).toEqual([])
  })

  test('a baseline does not accept a finding that has become more severe', () => {
    const baseline = known(before)
    for (const entry of baseline.findings) entry.severity = 'low'
    expect(against(baseline, before).found).toEqual(['medium runs-commands-in-pods'])
  })

  test('the entries of a baseline that no longer occur are returned', () => {
    expect(against(known(before), role('[]'))).toEqual({ found: [], fixed: ['runs-commands-in-pods'] })
  })

  test('a baseline never accepts an expired waiver', () => {
    const expired = waived('postern:waive runs-commands-in-pods until 2026-11-24: why')
    expect(against(known(expired), expired).found).toEqual(['medium waiver-expired'])
  })

  test.each(['', '{}', '[]', '{"version":2,"findings":[]}', '{"version":1,"findings":[{"fingerprint":"x"}]}'])(
    '%j is refused as a baseline',
    (text) => {
      expect(() => parseBaseline(text)).toThrow(/^not (valid JSON|a baseline)/)
    },
  )
})
