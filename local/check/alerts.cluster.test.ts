import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
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
