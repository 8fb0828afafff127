import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { stringify } from 'yaml'
import type { Identity } from '#local/parts/identity'
import { startMailServer } from '#local/parts/mail-server'
import { startPostern } from '#local/parts/postern'
import { bearerToken } from '#local/parts/sign-in'
import { freePort } from '#local/processes/ports'
import type { Run } from '#local/processes/processes'
import { percentile } from './statistics.ts'

// How long after the submission of a request does the approvers' mail lie in their mailbox, and the message in Slack's room?

const approvers = ['priya', 'sam']
/** Milliseconds between two looks into the mailbox, so that a mail may seem that much later than it is. */
const lookEvery = 20

/** Milliseconds from before the submission until the mails of both approvers, and the message, had arrived. */
export type NoticeTimes = { mail: number[]; message: number[] }

/** A room of Slack that accepts every message. */
async function startRoom(onMessage: () => void) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      onMessage()
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ ok: true, ts: `${Date.now()}.000000`, channel: 'C0ROOM' }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`, close: () => server.close() }
}

/** @param configuration for an address: postern.yaml without notifications, as data */
export async function measureNotices(
  run: Run,
  at: { identity: Identity; databaseUrl: string; configuration: (url: string) => object },
  rounds: number,
): Promise<NoticeTimes> {
  const mailServer = await startMailServer(run)
  let messages = 0
  const room = await startRoom(() => {
    messages++
  })
  const port = await freePort()
  const url = `http://localhost:${port}`
  const directory = join(run.directory, 'postern-notices')
  mkdirSync(directory)
  const { issuer, clientId, clientSecret } = at.identity
  const notifications = {
    email: { server: mailServer.smtp, from: 'postern@example.com' },
    slack: { channel: 'C0ROOM', apiUrl: room.apiUrl },
  }
  await startPostern(run, {
    ...{ port, directory, clientSecret, databaseUrl: at.databaseUrl, name: 'postern-notices' },
    configuration: stringify({ ...at.configuration(url), notifications }),
    environment: { POSTERN_SLACK_TOKEN: 'xoxb-for-the-bench-only' },
  })
  const source = { issuer, clientId, clientSecret, redirectUri: `${url}/api/auth/callback/oidc` }
  const call = async (person: string, path: string, body?: object) => {
    const headers = {
      authorization: `Bearer ${await bearerToken(source, person)}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    }
    return async () => {
      const init = body ? { method: 'POST', body: JSON.stringify(body) } : {}
      const response = await fetch(`${url}/api/v1${path}`, { headers, ...init })
      if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    }
  }
  for (const person of approvers) await (await call(person, '/me'))()
  const submit = await call('mina', '/requests', {
    ...{ entitlement: 'decided', cluster: 'prod-eu', namespaces: ['payments'], duration: 'PT30M' },
    reason: 'to see when its approvers know of it',
  })
  const mails = async () => ((await (await fetch(`${mailServer.url}/email`)).json()) as unknown[]).length
  const times: NoticeTimes = { mail: [], message: [] }
  const measure = async () => {
    await fetch(`${mailServer.url}/email/all`, { method: 'DELETE' })
    messages = 0
    const began = performance.now()
    let message = Number.NaN
    await submit()
    for (;;) {
      if (messages > 0 && Number.isNaN(message)) message = performance.now() - began
      if ((await mails()) >= approvers.length && !Number.isNaN(message)) break
      if (performance.now() - began > 60_000) throw new Error('no mail within a minute')
      await delay(lookEvery)
    }
    return { mail: performance.now() - began, message }
  }
  for (let i = 0; i < 5; i++) await measure()
  for (let i = 0; i < rounds; i++) {
    const { mail, message } = await measure()
    times.mail.push(mail)
    times.message.push(message)
  }
  room.close()
  return times
}

export function noticeRows({ mail, message }: NoticeTimes): string[] {
  const row = (what: string, times: number[]) => {
    const [p50, p95] = [percentile(times, 50), percentile(times, 95)]
    return `| submission → ${what}, p50 and p95 | ${p50.toFixed(0)} and ${p95.toFixed(0)} ms | p95 ≤ 2 s | ${p95 <= 2_000 ? 'yes' : 'no'} |`
  }
  return [row('the mails of both approvers', mail), row('the message in Slack’s room', message)]
}
