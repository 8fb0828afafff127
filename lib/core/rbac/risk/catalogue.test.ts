import { describe, expect, test } from 'vitest'
import { type Rule, rulesSchema } from '#lib/core/access/rule'
import { severities } from '#lib/core/access/severity'
import { assessRisk } from './assess.ts'
import { catalogue } from './catalogue.ts'
import { any, anyObject, type RiskEntry } from './entry.ts'

const ids = catalogue.map((entry) => entry.id)
const found = (rules: readonly Rule[]) => assessRisk(rules).findings.map(({ id }) => id)

/** The entry and all that it says it includes, and what those include. */
function withParts(entry: RiskEntry): string[] {
  if (entry.includes === any) return ids
  const parts = (entry.includes ?? []).flatMap((id) => catalogue.filter((other) => other.id === id))
  return [entry.id, ...parts.flatMap(withParts)]
}

/** The example with one thing of it changed, so that it gives nothing that Kubernetes knows. */
function nearMisses(entry: RiskEntry): Rule[][] {
  const changed = (n: number, change: (rule: Rule) => Rule) =>
    entry.example.map((rule, index) => (index === n ? change(rule) : rule))
  const { abilities } = entry
  return entry.example.flatMap((_, n) => [
    ...(entry.example.length > 1 ? [entry.example.filter((_, index) => index !== n)] : []),
    ...(abilities.some(({ verbs }) => verbs === any)
      ? []
      : [changed(n, (rule) => ({ ...rule, verbs: rule.verbs.map((verb) => `${verb === '*' ? 'all' : verb}x`) }))]),
    ...(abilities.some(({ groups }) => groups === any)
      ? []
      : [changed(n, (rule) => ({ ...rule, apiGroups: ['other.example'] }))]),
    ...(abilities.some(({ resources }) => resources === any || resources === anyObject)
      ? []
      : [
          changed(n, (rule) => ({ ...rule, resources: ['gizmos'] })),
          // What belongs to a resource is not the resource, and the other way round.
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
  test('its example is found as itself and nothing else', () => {
    rulesSchema.parse(entry.example)
    const all = withParts(entry)
    const others = found(entry.example).filter((other) => !all.includes(other))
    expect(found(entry.example)).toContain(id)
    expect(others).toEqual([])
    expect(assessRisk(entry.example).severity).toBe(entry.severity)
  })

  test('near misses are not found', () => {
    const misses = nearMisses(entry)
    expect(misses.length).toBeGreaterThan(0)
    for (const rules of misses) expect(found(rules), JSON.stringify(rules)).not.toContain(id)
  })

  test('it is found in a wildcard that covers it, and part of "everything"', () => {
    const covering: Rule[] = entry.example.map((rule) => ({
      ...rule,
      verbs: ['*'],
      apiGroups: ['*'],
      resources: ['*'],
    }))
    if (entry.abilities.some(({ named }) => named === 'never')) return
    expect(found(covering)).toContain(id)
  })

  test('its words are for people', () => {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(entry.sentence.length).toBeLessThanOrEqual(120)
    expect(entry.sentence).toMatch(/^[A-Z].*\.$/)
    expect(entry.source.length).toBeGreaterThan(8)
  })

  test('what it includes exists and is no graver than itself', () => {
    for (const part of Array.isArray(entry.includes) ? entry.includes : []) {
      const other = catalogue.find((candidate) => candidate.id === part)
      expect(other, part).toBeDefined()
      if (other) expect(severities.indexOf(other.severity)).toBeLessThanOrEqual(severities.indexOf(entry.severity))
    }
  })
})

test('ids and sentences are used once', () => {
  expect(new Set(ids).size).toBe(ids.length)
  expect(new Set(catalogue.map(({ sentence }) => sentence)).size).toBe(ids.length)
})
