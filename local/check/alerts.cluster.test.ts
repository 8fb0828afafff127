import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { checkout } from '#local/processes/places'
import { ensurePromtool } from '#local/programs/programs'

let promtool = ''
const halfAnHour = 30 * 60_000
beforeAll(async () => {
  promtool = await ensurePromtool(console.log)
}, halfAnHour)

const run = (...args: string[]) => execFileSync(promtool, args, { cwd: join(checkout, 'deploy'), encoding: 'utf8' })

test('every alert fires under its conditions and stays silent for a healthy Postern, according to promtool', () => {
  expect(run('check', 'rules', 'alerts.yaml')).toContain('SUCCESS')
  expect(run('test', 'rules', 'alerts.test.yaml')).toContain('SUCCESS')
})

test('Prometheus can read every query of the dashboard', () => {
  type Panel = { title: string; targets?: { expr: string }[] }
  const { panels } = JSON.parse(readFileSync(join(checkout, 'deploy/dashboard.json'), 'utf8')) as { panels: Panel[] }
  // Grafana replaces the variable by a duration.
  const rules = panels
    .flatMap(({ targets = [] }) => targets)
    .map(({ expr }, index) => ({ record: `query:${index}`, expr: expr.replaceAll('$__rate_interval', '5m') }))
  expect(rules.length).toBeGreaterThan(30)
  const folder = mkdtempSync(join(tmpdir(), 'postern-dashboard-'))
  writeFileSync(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'dashboard', rules }] }))
  expect(run('check', 'rules', join(folder, 'rules.yaml'))).toContain(`SUCCESS: ${rules.length} rules found`)
  rmSync(folder, { recursive: true })
})
