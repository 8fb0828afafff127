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
  ])('%s takes the finding away, with its reason', (_, text) => {
    const checker = checkText(text)
    expect(found(checker)).toEqual([])
    expect(checker.findings[0]?.accepted).toMatchObject({ by: 'waiver', reason: expect.stringMatching(/why|debugger/) })
  })

  test('that has ended takes nothing away, and is told beside the finding', () => {
    expect(found(checkText(waived('postern:waive runs-commands-in-pods until 2026-11-24: why'))).sort()).toEqual([
      'medium runs-commands-in-pods',
      'medium waiver-expired',
    ])
  })

  test('that is not needed is told', () => {
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
  ])('%s waives nothing, and says so', (line) => {
    expect(found(checkText(waived(line))).sort()).toEqual(['medium runs-commands-in-pods', 'medium waiver-malformed'])
  })

  test('is for the object that it stands at, and for no other', () => {
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
    const mended = applyBaseline(baseline, checker.findings)
    return { found: found(checker), mended: mended.map(({ id }) => id) }
  }
  const before = role(exec)

  test('takes away what is known, also where lines have moved or things are written in another order', () => {
    const moved = `# more\n\n---\n\n${role('[{verbs: [create], resources: [pods/exec], apiGroups: [""]}]')}`
    expect(against(known(before), before)).toEqual({ found: [], mended: [] })
    expect(against(known(before), moved)).toEqual({ found: [], mended: [] })
  })

  test('leaves what is new: another finding, a rule that gives more, another object', () => {
    const more = role('[{apiGroups: [""], resources: [pods/exec], verbs: [create, get]}]')
    expect(against(known(before), more).found).toEqual(['medium runs-commands-in-pods'])
    expect(against(known(before), role(exec, '{name: other, namespace: payments}')).found).toEqual([
      'medium runs-commands-in-pods',
    ])
  })

  test('does not take away a copy of what is known', () => {
    expect(against(known(before), documents(before, before)).found).toEqual(['medium runs-commands-in-pods'])
    expect(against(known(documents(before, before)), documents(before, before)).found).toEqual([])
  })

  test('does not take away what has become graver', () => {
    const baseline = known(before)
    for (const entry of baseline.findings) entry.severity = 'low'
    expect(against(baseline, before).found).toEqual(['medium runs-commands-in-pods'])
  })

  test('says what is not found any more', () => {
    expect(against(known(before), role('[]'))).toEqual({ found: [], mended: ['runs-commands-in-pods'] })
  })

  test('never answers for a waiver that has ended', () => {
    const ended = waived('postern:waive runs-commands-in-pods until 2026-11-24: why')
    expect(against(known(ended), ended).found).toEqual(['medium waiver-expired'])
  })

  test.each(['', '{}', '[]', '{"version":2,"findings":[]}', '{"version":1,"findings":[{"fingerprint":"x"}]}'])(
    '%j is no baseline, and says so',
    (text) => {
      expect(() => parseBaseline(text)).toThrow(/^is (not JSON|no baseline)/)
    },
  )
})
