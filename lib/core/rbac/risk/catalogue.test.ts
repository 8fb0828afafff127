import { describe, expect, test } from 'vitest'
import { type Rule, rulesSchema } from '#lib/core/access/rule'
import { severities } from '#lib/core/access/severity'
import { assessRisk } from './assess.ts'
import { catalogue } from './catalogue.ts'
import { any, anyChange, type RiskEntry } from './entry.ts'
import { everyExtension, extensionKinds } from './extension-kinds.ts'

const ids = catalogue.map((entry) => entry.id)
const found = (rules: readonly Rule[]) => assessRisk(rules).findings.map(({ id }) => id)

/** The entry with everything that it includes, directly or through another. */
function withParts(entry: RiskEntry): string[] {
  if (entry.includes === any) return [...ids, everyExtension.id, ...extensionKinds.map((kind) => kind.id)]
  const parts = (entry.includes ?? []).flatMap((id) => catalogue.filter((other) => other.id === id))
  return [entry.id, ...parts.flatMap(withParts)]
}

/** The example with one change each, so that it no longer has the risk. */
function nearMisses(entry: RiskEntry): Rule[][] {
  const changed = (n: number, change: (rule: Rule) => Rule) =>
    entry.example.map((rule, index) => (index === n ? change(rule) : rule))
  const { abilities } = entry
  return entry.example.flatMap((_, n) => [
    ...(entry.example.length > 1 ? [entry.example.filter((_, index) => index !== n)] : []),
    ...(abilities.some(({ verbs }) => verbs === any || verbs === anyChange)
      ? []
      : [changed(n, (rule) => ({ ...rule, verbs: rule.verbs.map((verb) => `${verb === '*' ? 'all' : verb}x`) }))]),
    ...(abilities.some(({ groups }) => groups === any)
      ? []
      : [changed(n, (rule) => ({ ...rule, apiGroups: ['other.example'] }))]),
    ...(abilities.some(({ resources }) => resources === any)
      ? []
      : [
          changed(n, (rule) => ({ ...rule, resources: ['gizmos'] })),
          // A subresource is not its resource, and a resource is not its subresource.
          changed(n, (rule) => ({
            ...rule,
            resources: rule.resources.map((name) =>
              name.includes('/') ? (name.split('/')[0] ?? '') : `${name}/other`,
            ),
          })),
        ]),
  ])
}

describe.each(catalogue.map((entry) => [entry.id, entry] as const))('%s', (id, entry) => {
  test('its example has this risk and only those that it includes', () => {
    rulesSchema.parse(entry.example)
    const all = withParts(entry)
    const others = found(entry.example).filter((other) => !all.includes(other))
    expect(found(entry.example)).toContain(id)
    expect(others).toEqual([])
    expect(assessRisk(entry.example).severity).toBe(entry.severity)
  })

  test('rules that miss it by one field do not have the risk', () => {
    const misses = nearMisses(entry)
    expect(misses.length).toBeGreaterThan(0)
    for (const rules of misses) expect(found(rules), JSON.stringify(rules)).not.toContain(id)
  })

  test('a wildcard that covers its example has the risk', () => {
    const covering: Rule[] = entry.example.map((rule) => ({
      ...rule,
      verbs: ['*'],
      apiGroups: ['*'],
      resources: ['*'],
    }))
    if (entry.abilities.some(({ named }) => named === 'never')) return
    expect(found(covering)).toContain(id)
  })

  test('its id is kebab case and its sentence is short and starts with "Can"', () => {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(entry.sentence.length).toBeLessThanOrEqual(120)
    expect(entry.sentence).toMatch(/^Can .*\.$/)
    expect(entry.source.length).toBeGreaterThan(8)
  })

  test('every entry that it includes exists and is at most as severe', () => {
    for (const part of Array.isArray(entry.includes) ? entry.includes : []) {
      const other = catalogue.find((candidate) => candidate.id === part)
      expect(other?.id).toBe(part)
      if (other) expect(severities.indexOf(other.severity)).toBeLessThanOrEqual(severities.indexOf(entry.severity))
    }
  })
})

test('no two entries share an id or a sentence', () => {
  expect(new Set(ids).size).toBe(ids.length)
  expect(new Set(catalogue.map(({ sentence }) => sentence)).size).toBe(ids.length)
})
