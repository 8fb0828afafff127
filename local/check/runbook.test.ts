import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { checkout } from '#local/processes/places'

type Rule = { alert: string; labels: { severity: string }; annotations: { summary: string; runbook: string } }
const { groups } = parse(readFileSync(join(checkout, 'deploy/alerts.yaml'), 'utf8')) as { groups: { rules: Rule[] }[] }
const alerts = groups.flatMap(({ rules }) => rules)
// Other sections, such as the one on backups, follow those of the alerts.
const sections = readFileSync(join(checkout, 'docs/runbook.md'), 'utf8')
  .split(/^## /m)
  .filter((section) => section.startsWith('Postern'))

test('each alert links to its section of the runbook, and each section belongs to an alert', () => {
  expect(sections.map((section) => section.split('\n')[0])).toEqual(alerts.map(({ alert }) => alert))
  for (const { alert, labels, annotations } of alerts) {
    expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`)
    expect(annotations.summary).toMatch(/^\S.*\.$/)
    expect(['page', 'ticket']).toContain(labels.severity)
  }
})

test('each alert has a promtool test in which it fires', () => {
  const cases = readFileSync(join(checkout, 'deploy/alerts.test.yaml'), 'utf8')
  for (const { alert, labels } of alerts) {
    const fires = `labels: 'ALERTS{alertname="${alert}", alertstate="firing", severity="${labels.severity}"`
    expect(cases).toContain(fires)
  }
})

test('each section says what it means, what is safe, what to do and how to see that it is over', () => {
  for (const section of sections) {
    const parts = [...section.matchAll(/^\*\*(\w+)\*\* /gm)].map(([, word]) => word)
    expect(parts, section.split('\n')[0]).toEqual(['Means', 'Safe', 'Do', 'Over'])
  }
})
