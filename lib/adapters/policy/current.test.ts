import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { JudgementFacts } from '#lib/core/guardrails/facts'
import { aConfiguration, anEntitlement } from '#testing/configuration'
import { ConfigurationRefused, currentPolicy, onPolicyChange, startPolicy } from './current.ts'

let directory: string
let stop = async () => {}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-policy-'))
})
afterEach(async () => {
  await stop()
  stop = async () => {}
  rmSync(directory, { recursive: true })
})

const textWith = (lapseAfter: string) => JSON.stringify(aConfiguration({ pending: { lapseAfter } }))
const lapse = () => currentPolicy().configuration.pending.lapseAfter
const path = () => join(directory, 'postern.yaml')
const soon = { timeout: 60_000, interval: 20 }

async function start(text = textWith('PT1H')) {
  writeFileSync(path(), text)
  stop = (await startPolicy(path())).stop
}

/** Replaces the file by a new one, as editors and deployment tools do. */
function replace(text: string) {
  writeFileSync(`${path()}.new`, text)
  renameSync(`${path()}.new`, path())
}

describe('the first load', () => {
  test('a valid file is the current policy at once', async () => {
    await start()
    expect(lapse()).toBe(3600)
    expect(currentPolicy().refused).toBeNull()
    expect(currentPolicy().hash).toMatch(/^sha256:/)
  })

  test('an invalid file is rejected with every problem, and there is no current policy', async () => {
    writeFileSync(path(), 'publicUrl: x\nsurprise: 1\n')
    const error = await startPolicy(path()).catch((refused: unknown) => refused)
    expect(error).toBeInstanceOf(ConfigurationRefused)
    expect((error as ConfigurationRefused).message).toContain(`${path()}:1:12: publicUrl must be a URL`)
    expect((error as ConfigurationRefused).message).toContain(`${path()}:2:1: surprise is not a known key`)
    expect(() => currentPolicy()).toThrow('call startPolicy() first')
  })

  test('a file that is missing, unreadable or not UTF-8 is rejected with that reason', async () => {
    await expect(startPolicy(path())).rejects.toThrow(`${path()}:1:1: cannot be read (ENOENT)`)
    await expect(startPolicy(directory)).rejects.toThrow('cannot be read (EISDIR)')
    writeFileSync(path(), Buffer.from([0x61, 0xff, 0xfe]))
    await expect(startPolicy(path())).rejects.toThrow('must be UTF-8')
  })

  test('a second start with the same file changes nothing', async () => {
    await start()
    const before = currentPolicy()
    const again = await startPolicy(path())
    expect(currentPolicy()).toBe(before)
    await again.stop()
    expect(() => currentPolicy()).toThrow()
  })
})

describe('a change of the file', () => {
  test('a change takes effect when the file is rewritten in place', async () => {
    await start()
    writeFileSync(path(), textWith('PT2H'))
    await vi.waitFor(() => expect(lapse()).toBe(7200), soon)
  })

  test('a change takes effect whenever another file replaces it', async () => {
    await start()
    for (const hours of [2, 3, 4]) {
      replace(textWith(`PT${hours}H`))
      await vi.waitFor(() => expect(lapse()).toBe(hours * 3600), soon)
    }
  })

  test('a change takes effect when a ConfigMap swaps its symbolic links', async () => {
    const version = (name: string, text: string) => {
      mkdirSync(join(directory, name))
      writeFileSync(join(directory, name, 'postern.yaml'), text)
    }
    version('..one', textWith('PT1H'))
    symlinkSync('..one', join(directory, '..data'))
    symlinkSync(join('..data', 'postern.yaml'), path())
    stop = (await startPolicy(path())).stop
    expect(lapse()).toBe(3600)
    version('..two', textWith('PT2H'))
    symlinkSync('..two', join(directory, '..data_tmp'))
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'))
    await vi.waitFor(() => expect(lapse()).toBe(7200), soon)
  })

  test('a change takes effect even if the file system does not report it, because the file is also polled', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'postern-policy-'))
    try {
      writeFileSync(join(elsewhere, 'real.yaml'), textWith('PT1H'))
      symlinkSync(join(elsewhere, 'real.yaml'), path())
      stop = (await startPolicy(path())).stop
      // The link and its directory do not change.
      writeFileSync(join(elsewhere, 'real.yaml'), textWith('PT2H'))
      await vi.waitFor(() => expect(lapse()).toBe(7200), soon)
    } finally {
      rmSync(elsewhere, { recursive: true })
    }
  })

  test('an invalid change keeps the last valid version and reports its problems until the file is valid again', async () => {
    await start()
    const { hash, loadedAt } = currentPolicy()
    replace('publicUrl: x\n')
    await vi.waitFor(() => expect(currentPolicy().refused).not.toBeNull(), soon)
    expect(currentPolicy()).toMatchObject({ hash, loadedAt })
    expect(lapse()).toBe(3600)
    expect(currentPolicy().refused?.problems[0]).toMatchObject({ file: path(), line: 1, column: 1, path: 'identity' })
    replace(textWith('PT3H'))
    await vi.waitFor(() => expect(lapse()).toBe(10_800), soon)
    expect(currentPolicy().refused).toBeNull()
  })

  test('changing an invalid file back to the current text clears its problems', async () => {
    await start()
    replace('{')
    await vi.waitFor(() => expect(currentPolicy().refused).not.toBeNull(), soon)
    replace(textWith('PT1H'))
    await vi.waitFor(() => expect(currentPolicy().refused).toBeNull(), soon)
    expect(lapse()).toBe(3600)
  })

  test('deleting the file keeps the last valid version and reports the problem', async () => {
    await start()
    unlinkSync(path())
    await vi.waitFor(() => expect(currentPolicy().refused?.problems[0]?.message).toContain('ENOENT'), soon)
    expect(lapse()).toBe(3600)
  })

  test('a listener is called once per change, until it unsubscribes', async () => {
    await start()
    const calls: string[] = []
    const unsubscribe = onPolicyChange(({ refused }) => calls.push(refused ? 'refused' : 'accepted'))
    replace('{')
    await vi.waitFor(() => expect(calls).toEqual(['refused']), soon)
    replace(textWith('PT2H'))
    await vi.waitFor(() => expect(calls).toEqual(['refused', 'accepted']), soon)
    unsubscribe()
    replace(textWith('PT3H'))
    await vi.waitFor(() => expect(lapse()).toBe(10_800), soon)
    expect(calls).toEqual(['refused', 'accepted'])
  })
})

test('every bundle of a process has the same current policy', async () => {
  await start()
  vi.resetModules()
  const another: typeof import('./current.ts') = await import('./current.ts')
  expect(another.currentPolicy).not.toBe(currentPolicy)
  expect(another.currentPolicy().document).toBe(currentPolicy().document)
})

describe('a calendar beside the configuration', () => {
  const calendar = (day: string) =>
    `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20261101T000000Z\r\nDTSTART;VALUE=DATE:${day}\r\nSUMMARY:Feast\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`
  const limit = { freezes: [{ calendar: 'feasts.ics', zone: 'UTC' }] }
  const text = JSON.stringify(
    aConfiguration({ guardrails: [{ name: 'feasts', description: 'Feasts are quiet.', effect: 'limit', limit }] }),
  )

  test('a calendar is read with the configuration, and a change to it is a new version of the policy', async () => {
    writeFileSync(join(directory, 'feasts.ics'), calendar('20261224'))
    await start(text)
    const before = currentPolicy()
    expect(before.compiled.map(({ guardrail }) => guardrail.name)).toContain('feasts')
    writeFileSync(join(directory, 'feasts.ics'), calendar('20261225'))
    await vi.waitFor(() => expect(currentPolicy().hash).not.toBe(before.hash), soon)
  })

  test('deleting a calendar keeps the last valid version', async () => {
    writeFileSync(join(directory, 'feasts.ics'), calendar('20261224'))
    await start(text)
    const { hash } = currentPolicy()
    unlinkSync(join(directory, 'feasts.ics'))
    await vi.waitFor(
      () => expect(currentPolicy().refused?.problems[0]?.message).toContain("can't read feasts.ics"),
      soon,
    )
    expect(currentPolicy().hash).toBe(hash)
  })
})

test('another copy of these modules, as Next.js makes for pages, judges by the same policy', async () => {
  const when = "rules.exists(r, 'patch' in r.verbs) && request.duration > duration('1m')"
  await start(
    JSON.stringify(aConfiguration({ guardrails: [{ name: 'calm', description: 'Calm.', when, effect: 'deny' }] })),
  )
  const facts: JudgementFacts = {
    submission: {
      ...{ entitlement: 'payments-restart', cluster: 'prod-eu', namespaces: ['payments'] },
      reason: 'It hangs.',
      durationSeconds: 600,
    },
    entitlement: anEntitlement(),
    requester: { subject: 'ada', groups: ['payments-dev'], email: null },
    cluster: { name: 'prod-eu', known: true, labels: {}, namespaces: null, clusterRoles: {} },
    ...{ policyHash: 'sha256:0', now: new Date() },
  }
  vi.resetModules()
  const other = await import('./current.ts')
  const { judgeRequest } = await import('#lib/core/guardrails/configured/judge-request')
  expect(other.currentPolicy).not.toBe(currentPolicy)
  for (const policy of [other.currentPolicy(), other.currentPolicy()]) {
    expect(policy.hash).toBe(currentPolicy().hash)
    expect(judgeRequest(policy.compiled, facts).violations).toEqual([
      { code: 'calm', pointer: '/rules', sentence: 'Calm.' },
    ])
  }
})
