import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { currentPolicy } from '#lib/adapters/policy/current'
import { endpoints } from '#lib/api/endpoints'
import { callRoute, expectProblem, expectSuccess } from '#testing/call-route'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import { aClusterState } from '#testing/requests'
import * as judgeDoor from './policy/judge/route.ts'
import * as replayDoor from './policy/replay/route.ts'
import * as requestsDoor from './requests/route.ts'

const database = await testDatabase()
const identity = await testIdentity()
const folder = mkdtempSync(join(tmpdir(), 'postern-replay-'))
const file = join(folder, 'postern.yaml')
const tokens: Record<string, string> = {}

// Serves the endpoint over HTTP, for the command to call.
const server = createServer(async (incoming, outgoing) => {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const headers = new Headers(incoming.headers as Record<string, string>)
  const request = new Request(`http://localhost${incoming.url}`, {
    method: 'POST',
    headers,
    body: Buffer.concat(chunks),
  })
  const response = await replayDoor.POST(request, { params: Promise.resolve({}) })
  outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
})
const serverUrl = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

beforeAll(async () => {
  await aClusterState()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  for (const person of ['mina', 'ines']) tokens[person] = await identity.token(person)
  const body = {
    entitlement: 'payments-restart',
    cluster: 'prod-eu',
    namespaces: ['payments'],
    reason: 'Payments hang since the last release',
    duration: 'PT30M',
  }
  await callRoute(requestsDoor, { token: tokens.mina, method: 'POST', path: '/api/v1/requests', body })
})
afterAll(async () => {
  server.close()
  rmSync(folder, { recursive: true })
  await identity.stop()
  await database.drop()
})

const deny = 'guardrails:\n  - { name: calm, description: Calm is kept., effect: deny }\n'
const replay = (body: unknown, token = tokens.ines) =>
  callRoute(replayDoor, { token, method: 'POST', path: '/api/v1/policy/replay', body })
const judge = (body: unknown, token = tokens.ines) =>
  callRoute(judgeDoor, { token, method: 'POST', path: '/api/v1/policy/judge', body })

// Each trial starts a thread and each command a process, which load their modules first.
const slow = { timeout: 120_000 }

describe('the endpoints', slow, () => {
  test('the policy endpoints match their schemas and do not change the current policy', async () => {
    const { hash } = currentPolicy()
    const replayed = await replay({ policy: deny })
    expectSuccess(replayed, endpoints.replayPolicy)
    expect(replayed.body).toMatchObject({
      judged: 1,
      changed: 1,
      items: [{ after: 'refused', changes: [{ code: 'calm' }] }],
    })
    const judged = await judge({ policy: deny, sample: '' })
    expectSuccess(judged, endpoints.judgePolicy)
    expect(judged.body).toMatchObject({ outcome: 'refused', matched: [{ name: 'calm' }] })
    expect(currentPolicy().hash).toBe(hash)
    const [row] = await database.asOwner<{ n: number }>('SELECT count(*)::int AS n FROM policy_versions')
    expect(row?.n).toBe(1)
  })

  test('the policy endpoints refuse calls without credentials and malformed input, with the place of each problem', async () => {
    expectProblem(await replay({ policy: deny }, ''), 401, 'unauthenticated')
    expectProblem(await judge({ sample: '' }, ''), 401, 'unauthenticated')
    expectProblem(await replay({}), 400, 'malformed')
    expectProblem(await replay({ policy: deny, last: 501 }), 422, 'invalid')
    expectProblem(await replay({ policy: '#'.repeat(200_001) }), 422, 'invalid')
    expectProblem(await replay({ policy: '#'.repeat(300_000) }), 413, 'too-large')
    expectProblem(await replay({ policy: deny, policyForTrial: true }), 400, 'malformed')
    expectProblem(await judge({ policy: deny }), 422, 'invalid')
    expectProblem(await judge({ policy: deny, request: 'req_00000000000000000000000000' }), 404, 'not-found')
    const wrong = await replay({ policy: `${deny}    when: true` })
    expectProblem(wrong, 422, 'invalid')
    expect(wrong.body.errors[0].message).toMatch(/^3:\d+: /)
  })
})

describe('postern policy replay', slow, () => {
  const run = (args: string[], env: Record<string, string | undefined>) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const command = ['cli/main.ts', 'policy', 'replay', '--policy', file, ...args]
      execFile(
        process.execPath,
        command,
        { env: { PATH: process.env.PATH, NODE_ENV: 'test', ...env } },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      )
    })
  const asInes = () => ({ POSTERN_SERVER: serverUrl(), POSTERN_TOKEN: tokens.ines })

  test('the command shows changed verdicts and exits with 1, or with 0 under --no-fail-on-change', async () => {
    writeFileSync(file, deny)
    const text = await run(['--last', '10'], asInes())
    expect(text).toMatchObject({ code: 1, stderr: '' })
    expect(text.stdout).toContain('+ violation [calm]: Calm is kept.')
    expect(text.stdout).toContain('1 verdict changes: replayed 1 request')
    const json = await run(['--format', 'json', '--no-fail-on-change'], asInes())
    expect(json.code).toBe(0)
    expect(endpoints.replayPolicy.answer.parse(JSON.parse(json.stdout))).toMatchObject({ changed: 1 })
  })

  test('the command names the guardrails that require more, with their messages, as the API does', async () => {
    writeFileSync(file, deny.replace('effect: deny', 'effect: require, require: { ticket: true }'))
    const text = await run([], asInes())
    expect(text.stdout).toMatch(/\+ ticket: Requires a ticket\.\n {4}required by \[calm\]: Calm is kept\.\n/)
    const { body } = await replay({ policy: readFileSync(file, 'utf8') })
    const ticket = body.items[0].changes.find(({ kind }: { kind: string }) => kind === 'ticket')
    expect(ticket).toMatchObject({ now: 'more', requiredBy: [{ name: 'calm', sentence: 'Calm is kept.' }] })
  })

  test('the command exits with 0 when no verdict changes', async () => {
    writeFileSync(file, 'guardrails: []\n')
    expect(await run([], asInes())).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('No verdict changes: replayed 1 request'),
    })
  })

  test('the command says why it cannot replay, with the documented exit code, and never prints the token', async () => {
    writeFileSync(file, 'guardrails:\n  - { name: A, description: b, effect: deny }\n')
    const cases: [number, string[], Record<string, string | undefined>, RegExp][] = [
      [2, [], asInes(), /postern\.yaml:2:13: guardrails\[0\]\.name must be/],
      [3, [], { POSTERN_HOME: folder, POSTERN_TOKEN: tokens.ines }, /postern login/],
      [3, [], { POSTERN_HOME: folder, POSTERN_SERVER: serverUrl() }, /postern login/],
      [2, [], { ...asInes(), POSTERN_SERVER: 'http://postern.example.com' }, /https/],
      [4, [], { ...asInes(), POSTERN_SERVER: 'http://127.0.0.1:1' }, /./],
      [3, [], { ...asInes(), POSTERN_TOKEN: 'not-a-token' }, /POSTERN_TOKEN/],
      [2, ['--last', '0'], asInes(), /whole number/],
    ]
    await Promise.all(
      cases.map(async ([exitCode, args, env, reason]) => {
        const { code, stdout, stderr } = await run(args, env)
        expect([code, stdout], stderr).toEqual([exitCode, ''])
        expect(stderr).toMatch(reason)
        expect(stderr).not.toContain(env.POSTERN_TOKEN ?? 'nothing')
      }),
    )
  })
})
