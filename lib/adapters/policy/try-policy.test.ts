import { describe, expect, test } from 'vitest'
import { AppError } from '#lib/core/access/errors'
import type { PastRequest } from '#lib/core/guardrails/replay/past-request'
import { aPastRequest } from './past-requests.testing.ts'
import type { PolicyForTrial } from './trial.ts'
import { replayBudget, tryPolicy } from './try-policy.ts'

const policyForTrial: PolicyForTrial = {
  hash: 'sha256:0',
  section: { guardrailPack: {}, guardrails: [] },
  calendars: new Map(),
  surroundings: { entitlements: [], clusters: [] },
}
const ask = aPastRequest({ reason: 'x'.repeat(2000) })

const many = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n')
const guardrails = (count: number, when: string) =>
  `guardrails:\n${many(count, (i) => ` - {name: g${i}, description: d, effect: deny, when: "${when}"}`)}`
const replayOf = (text: string, person = 'per_1', asks: PastRequest[] = []) =>
  tryPolicy(person, {
    kind: 'replay',
    candidate: { text, calendars: new Map() },
    policyForTrial,
    against: 'recorded',
    asks,
    budget: replayBudget,
  })

/** Each would hold the process for many seconds, or grow it, if it were read in it. */
const hostile: [string, string][] = [
  ['keys without end', many(28_000, (i) => `k${i}:`)],
  ['a list in a list in a list', `guardrails: ${'['.repeat(150_000)}`],
  [
    'aliases of aliases',
    `a: &a [x,x,x,x,x,x,x,x,x]\n${many(
      12,
      (i) =>
        `${'b'.repeat(i + 1)}: &n${i} [${Array(9)
          .fill(i ? `*n${i - 1}` : '*a')
          .join(',')}]`,
    )}`,
  ],
  [
    'keys that other programs stumble over',
    '__proto__: { guardrails: [] }\nconstructor: { prototype: { polluted: 1 } }',
  ],
  ['patterns that are large and many', guardrails(900, "request.reason.matches('((x{30}){30}){1,1}$')")],
  [
    'calendars from elsewhere on this machine',
    'guardrails:\n - {name: a, description: d, effect: limit, limit: {freezes: [{calendar: /etc/passwd, zone: UTC}]}}',
  ],
]

describe('a policy that somebody holds up', () => {
  test.each(hostile)(
    '%s is answered in time, and the process goes on meanwhile',
    { timeout: 60_000 },
    async (_, text) => {
      const [thread, process_] = [process.threadCpuUsage(), process.cpuUsage()]
      const answer = await replayOf(text.slice(0, 200_000)).catch((error: unknown) => error)
      const [own, all] = [process.threadCpuUsage(thread), process.cpuUsage(process_)]
      if (answer instanceof Error) {
        expect(answer).toBeInstanceOf(AppError)
        expect(answer).toMatchObject({ code: 'invalid' })
        expect((answer as AppError).errors.length).toBeLessThanOrEqual(50)
        expect(JSON.stringify((answer as AppError).errors)).not.toContain('root:')
      }
      // The work is another thread's: this one does a hundredth of it, however fast the machine is.
      expect((own.user + own.system) / (all.user + all.system)).toBeLessThan(0.1)
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
    },
  )

  test('that is much work on many asks is judged as far as the time reaches, and the rest is said to be left out', {
    timeout: 60_000,
  }, async () => {
    const hungry = guardrails(900, "rules.all(r, !request.reason.matches('(x|y)*z'))")
    const { judged, changed } = await replayOf(hungry, 'per_1', Array(500).fill(ask))
    expect(judged).toBeGreaterThan(0)
    expect(changed).toHaveLength(judged)
    // A thousand violations each: what is told of one ask is bounded, whatever is found.
    expect(Math.max(...changed.map(({ changes }) => changes.length))).toBe(20)
    expect(changed[0]?.more).toBeGreaterThan(800)
  })

  test('is tried one at a time by one person, and two at a time in all', { timeout: 60_000 }, async () => {
    const first = replayOf('guardrails: []', 'per_1')
    await expect(replayOf('guardrails: []', 'per_1')).rejects.toMatchObject({ code: 'rate-limited' })
    const second = replayOf('guardrails: []', 'per_2')
    await expect(replayOf('guardrails: []', 'per_3')).rejects.toMatchObject({ code: 'rate-limited' })
    await Promise.all([first, second])
    expect(await replayOf('guardrails: []', 'per_3')).toMatchObject({ judged: 0 })
  })
})
