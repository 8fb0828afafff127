import { describe, expect, test } from 'vitest'
import { AppError } from '#lib/core/access/errors'
import type { PastRequest } from '#lib/core/guardrails/replay/past-request'
import { aPastRequest } from './past-requests.testing.ts'
import type { PolicyForTrial } from './trial.ts'
import { replayBudget, tryPolicy } from './try-policy.ts'

const policyForTrial: PolicyForTrial = {
  hash: 'sha256:0',
  section: { guardrailPack: {}, guardrails: [], risks: [] },
  calendars: new Map(),
  surroundings: { entitlements: [], clusters: [] },
}
const request = aPastRequest({ reason: 'x'.repeat(2000) })

const many = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n')
const guardrails = (count: number, when: string) =>
  `guardrails:\n${many(count, (i) => ` - {name: g${i}, description: d, effect: deny, when: "${when}"}`)}`
const replayOf = (text: string, person = 'per_1', requests: PastRequest[] = []) =>
  tryPolicy(person, {
    kind: 'replay',
    candidate: { text, calendars: new Map() },
    policyForTrial,
    against: 'recorded',
    requests,
    budget: replayBudget,
  })

/** Each text would block this process for many seconds, or exhaust its memory, if it were parsed here. */
const hostile: [string, string][] = [
  ['a text with 28,000 keys', many(28_000, (i) => `k${i}:`)],
  ['a text with deeply nested lists', `guardrails: ${'['.repeat(150_000)}`],
  [
    'a text with aliases of aliases',
    `a: &a [x,x,x,x,x,x,x,x,x]\n${many(
      12,
      (i) =>
        `${'b'.repeat(i + 1)}: &n${i} [${Array(9)
          .fill(i ? `*n${i - 1}` : '*a')
          .join(',')}]`,
    )}`,
  ],
  ['a text with keys such as __proto__', '__proto__: { guardrails: [] }\nconstructor: { prototype: { polluted: 1 } }'],
  ['a text with many large patterns', guardrails(900, "request.reason.matches('((x{30}){30}){1,1}$')")],
  [
    'a text that names a file of this machine as a calendar',
    'guardrails:\n - {name: a, description: d, effect: limit, limit: {freezes: [{calendar: /etc/passwd, zone: UTC}]}}',
  ],
]

describe('trying out a policy', () => {
  test.each(hostile)('%s gets a result in time, and another thread does the work', async (_, text) => {
    const [thread, process_] = [process.threadCpuUsage(), process.cpuUsage()]
    const result = await replayOf(text.slice(0, 200_000)).catch((error: unknown) => error)
    const [own, all] = [process.threadCpuUsage(thread), process.cpuUsage(process_)]
    if (result instanceof Error) {
      expect(result).toBeInstanceOf(AppError)
      expect(result).toMatchObject({ code: 'invalid' })
      expect((result as AppError).errors.length).toBeLessThanOrEqual(50)
      expect(JSON.stringify((result as AppError).errors)).not.toContain('root:')
    }
    // The work is another thread's: this one does a hundredth of it, however fast the machine is.
    expect((own.user + own.system) / (all.user + all.system)).toBeLessThan(0.1)
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })

  test('a replay that takes too long stops in time and reports how many requests it judged', async () => {
    const hungry = guardrails(900, "rules.all(r, !request.reason.matches('(x|y)*z'))")
    const { judged, changed } = await replayOf(hungry, 'per_1', Array(500).fill(request))
    expect(judged).toBeGreaterThan(0)
    expect(changed).toHaveLength(judged)
    // Each request has about a thousand violations, of which 20 are listed.
    expect(Math.max(...changed.map(({ changes }) => changes.length))).toBe(20)
    expect(changed[0]?.more).toBeGreaterThan(800)
  })

  test('one person may run one trial at a time, and a process two', async () => {
    const first = replayOf('guardrails: []', 'per_1')
    await expect(replayOf('guardrails: []', 'per_1')).rejects.toMatchObject({ code: 'rate-limited' })
    const second = replayOf('guardrails: []', 'per_2')
    await expect(replayOf('guardrails: []', 'per_3')).rejects.toMatchObject({ code: 'rate-limited' })
    await Promise.all([first, second])
    expect(await replayOf('guardrails: []', 'per_3')).toMatchObject({ judged: 0 })
  })
})
