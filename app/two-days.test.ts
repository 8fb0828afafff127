// Two days of a team, played through the API against a real cluster: everyone who must know receives it once, over mail and
// Slack, and no one else does. What is expected is written down as each thing happens.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Preview } from '#lib/core/access/preview-resource'
import type { RequestResource } from '#lib/core/access/request-resource'
import type { BulkRevocationResult } from '#lib/core/access/revocation'
import { type Api, ApiRefusal, apiFor } from '#local/demo/api-client'
import { localPeople } from '#local/parts/identity-people'
import { bearerToken } from '#local/parts/sign-in'
import { slackToken, startChatServer } from '#testing/chat-server'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { mailbox, type ReceivedMail } from '#testing/mailbox'
import { aNamespace, deleteNamespace } from '#testing/namespace'
import { noticesWhere } from '#testing/notices'
import { servedPostern } from '#testing/served'
import { until } from '#testing/until'

const box = await mailbox()
const chat = await startChatServer()
process.env.POSTERN_SLACK_TOKEN = slackToken

const readPods = [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }]
const platform = (...people: string[]) => [
  {
    ...{ name: 'platform', zone: 'UTC' },
    rotation: { people: people.map((name) => `${name}@example.com`), from: '2026-01-05T09:00', days: 28 },
  },
]
const leads = { groups: ['payments-leads'] }
const served = await servedPostern({
  roles: aConfiguration().roles,
  rotas: platform('tomas'),
  notifications: {
    email: { server: box.smtp, from: 'postern@example.com' },
    slack: { channel: 'C0ROOM', apiUrl: chat.slackUrl },
  },
  entitlements: [
    anEntitlementDocument({ name: 'logs', approvals: [], rules: readPods }),
    anEntitlementDocument({ name: 'restart', approvals: [leads] }),
    anEntitlementDocument({
      ...{ name: 'search', who: { groups: ['search-dev'] }, rules: readPods },
      approvals: [{ onCall: 'platform' }],
    }),
    anEntitlementDocument({
      ...{ name: 'index', who: { groups: ['search-dev'] }, rules: readPods },
      approvals: [{ ...leads, escalate: [{ after: 'PT2S', to: { groups: ['sre'] } }] }],
    }),
    anEntitlementDocument({
      ...{ name: 'emergency', who: { groups: ['sre'] }, approvals: [leads] },
      breakGlass: { security: ['security-audit'] },
    }),
  ],
})
const newcomers = { lena: 'payments-dev', arun: 'search-dev', kofi: 'sre' }
const apis = new Map<string, Api>()
let namespace = ''

beforeAll(async () => {
  for (const [key, group] of Object.entries(newcomers)) {
    const name = `${key[0]?.toUpperCase()}${key.slice(1)} Berg`
    served.provider.addPerson(key, { name, email: `${key}@example.com`, groups: [group] })
  }
  namespace = await aNamespace()
  for (const person of [...localPeople.keys(), ...Object.keys(newcomers)]) {
    const api = apiFor(served.url, await bearerToken(served.tokenSource, person))
    await api.get('/me')
    apis.set(person, api)
  }
})
afterAll(async () => {
  if (namespace) await deleteNamespace(namespace)
  await served.stop()
  await chat.stop()
  await box.stop()
})

const as = (person: string): Api => {
  const api = apis.get(person)
  if (!api) throw new Error(`${person} never signed in`)
  return api
}

const told: Array<[what: string, RegExp]> = [
  ['waits', / requests (access|more time): /],
  ['handed over', /You are on call for platform now\./],
  ['escalated', / is escalated: /],
  ['comment', / (commented on|needs more information about) the request/],
  ['decided', / was (approved|denied|withdrawn)/],
  ['began', / is active until /],
  ['revoked', / is ending your access: /],
  ['ended', /^Your access has ended: /],
  ['break-glass', / uses break-glass access: /],
  ['review due', / waits for a review: /],
  ['reviewed', / reviewed the break-glass access of /],
]

/** One line for each mail: the request, who received it, and what it says. */
const inWords = ({ text, to: [to] }: ReceivedMail): string => {
  const request = /\/requests\/(req_[0-9a-z]+)/.exec(text)?.[1]
  const what = told.find(([, pattern]) => pattern.test(text))?.[0] ?? text
  return `${request} ${to?.address.replace('@example.com', '')} ${what}`
}
const arrived = async () => (await box.mails()).map(inWords).sort()

const expected: string[] = []
const expects = (id: string, what: string, ...people: string[]) =>
  expected.push(...people.map((person) => `${id} ${person} ${what}`))

/** Waits until these people have the mail, as they would before they act on it. */
async function reaches(id: string, what: string, ...people: string[]) {
  expects(id, what, ...people)
  await until(`${what} about ${id} reaches ${people.join(', ')}`, async () => {
    const mails = await arrived()
    return people.every((person) => mails.includes(`${id} ${person} ${what}`))
  })
}

const submission = (entitlement: string) => ({
  ...{ entitlement, cluster: 'prod-eu', namespaces: [namespace], duration: 'PT30M' },
  reason: `The ${entitlement} of a usual day`,
})

async function submit(person: string, entitlement: string, more: object = {}): Promise<string> {
  const { id } = await as(person).post<RequestResource>('/requests', {
    ...submission(entitlement),
    ...more,
  })
  return id
}

async function decide(person: string, id: string, decision: 'approve' | 'deny') {
  const { digest } = await as(person).request(id)
  await as(person).post(`/requests/${id}/decisions`, { decision, digest, note: 'as agreed' })
}

const grantOf = async (person: string, id: string) => (await as(person).request(id)).grant
const grantReaches = (person: string, id: string, status: string) =>
  until(`the grant of ${id} is ${status}`, async () => (await grantOf(person, id))?.status === status, 120_000)

async function release(person: string, id: string) {
  await as(person).post(`/grants/${(await grantOf(person, id))?.id}/release`)
  await reaches(id, 'ended', person)
}

/** Reads logs, which needs no approval. */
async function readLogs(person: string) {
  const id = await submit(person, 'logs')
  await reaches(id, 'began', person)
  await release(person, id)
}

/** A request that both leads are asked to decide. */
async function askLeads(person: string) {
  const id = await submit(person, 'restart')
  await reaches(id, 'waits', 'priya', 'sam')
  return id
}

async function restart(person: string, approver: 'priya' | 'sam') {
  const id = await askLeads(person)
  await decide(approver, id, 'approve')
  expects(id, 'decided', person, approver === 'priya' ? 'sam' : 'priya')
  await reaches(id, 'began', person)
  return id
}

async function denied(person: string) {
  const id = await askLeads(person)
  await decide('priya', id, 'deny')
  expects(id, 'decided', person, 'sam')
}

async function withdrawn(person: string) {
  const id = await askLeads(person)
  await as(person).post(`/requests/${id}/withdraw`)
  expects(id, 'decided', 'priya', 'sam')
}

async function search(person: string, onCall: string, decision: 'approve' | 'deny') {
  const id = await submit(person, 'search')
  await reaches(id, 'waits', onCall)
  await decide(onCall, id, decision)
  expects(id, 'decided', person)
  if (decision === 'deny') return
  await reaches(id, 'began', person)
  await release(person, id)
}

/** Priya needs more information first. */
async function discussed(person: string) {
  const id = await askLeads(person)
  const comment = (by: string, text: string, more: object = {}) =>
    as(by).post(`/requests/${id}/comments`, { text, ...more })
  await comment('priya', 'Which deployment is it?', { needsInformation: true })
  await reaches(id, 'comment', person)
  await comment(person, 'Only the API.')
  await reaches(id, 'comment', 'priya')
  await decide('priya', id, 'approve')
  expects(id, 'decided', person, 'sam')
  await reaches(id, 'began', person)
  await release(person, id)
}

/** The access goes on with its extension, so nothing ends that its holder has to be told of. */
async function extended(person: string) {
  const id = await restart(person, 'priya')
  const grant = await grantOf(person, id)
  const more = await submit(person, 'restart', { extends: grant?.id, reason: 'The restart takes longer than that' })
  await reaches(more, 'waits', 'priya', 'sam')
  await decide('sam', more, 'approve')
  expects(more, 'decided', person, 'priya')
  await reaches(more, 'began', person)
  await grantReaches(person, id, 'ended')
  await release(person, more)
}

/** No lead answers, so that the SREs decide. */
async function escalated(person: string) {
  const id = await submit(person, 'index')
  await reaches(id, 'waits', 'priya', 'sam')
  await reaches(id, 'escalated', 'tomas', 'kofi')
  await decide('kofi', id, 'deny')
  expects(id, 'decided', person, 'priya', 'sam', 'tomas')
}

const releasedRestart = async (person: string, approver: 'priya' | 'sam') =>
  release(person, await restart(person, approver))

/** A few at a time, as people are. */
async function play(scenes: ReadonlyArray<() => Promise<unknown>>) {
  const left = [...scenes]
  const one = async () => {
    for (let scene = left.shift(); scene; scene = left.shift()) await scene()
  }
  await Promise.all(Array.from({ length: 6 }, one))
}
const times = (count: number, scene: () => Promise<unknown>) => Array.from({ length: count }, () => scene)

/** Everything that was to be delivered is, and everyone has exactly what was expected. */
async function everyoneWasTold() {
  await until(
    'nothing waits for its delivery',
    async () => (await noticesWhere({ where: { outcome: null } })).length === 0,
  )
  expect(await noticesWhere({ where: { outcome: 'dead' } })).toEqual([])
  await until('all mails arrived', async () => (await box.mails()).length >= expected.length)
  expect(await arrived()).toEqual(expected.toSorted())
}

test('a normal day: ten people, forty requests, a handover at noon, one escalation and one extension', async () => {
  await served.whileWorking(async () => {
    const preview = { ...submission('logs'), reason: 'Is the cluster known already?' }
    await until('the worker has read the cluster', async () => {
      const { verdict } = await as('mina').post<Preview>('/requests/preview', preview)
      return verdict.violations.length === 0
    })
    await play([
      ...times(3, () => readLogs('mina')),
      ...times(3, () => readLogs('lena')),
      ...times(3, () => readLogs('tomas')),
      ...times(3, () => releasedRestart('mina', 'priya')),
      ...times(3, () => releasedRestart('lena', 'sam')),
      ...times(2, () => denied('lena')),
      ...times(2, () => withdrawn('mina')),
      ...times(3, () => search('jonas', 'tomas', 'approve')),
      ...times(2, () => search('arun', 'tomas', 'deny')),
      () => discussed('mina'),
      () => extended('lena'),
      () => escalated('jonas'),
    ])
    const waiting = await submit('arun', 'search')
    await reaches(waiting, 'waits', 'tomas')
    await served.change({ rotas: platform('kofi') })
    await reaches(waiting, 'handed over', 'kofi')
    const late = await decide('tomas', waiting, 'approve').catch((error: unknown) => error)
    expect(late, 'Tomas is not on call any more').toBeInstanceOf(ApiRefusal)
    await decide('kofi', waiting, 'approve')
    expects(waiting, 'decided', 'arun')
    await reaches(waiting, 'began', 'arun')
    await release('arun', waiting)
    await play([
      ...times(3, () => readLogs('kofi')),
      ...times(2, () => releasedRestart('tomas', 'sam')),
      ...times(3, () => search('jonas', 'kofi', 'approve')),
      ...times(3, () => search('arun', 'kofi', 'deny')),
    ])
    await everyoneWasTold()
  })
  const requests = new Set(expected.map((line) => line.split(' ')[0]))
  expect(requests.size).toBe(40)
  expect(
    chat
      .messages()
      .map(({ body }) => JSON.stringify(body).match(/req_[0-9a-z]+/)?.[0])
      .sort(),
  ).toEqual([...requests].sort())
})

test('a bad night: mail and Slack are down during break-glass access and a revocation of everything, and nothing is lost or sent twice', async () => {
  const before = expected.splice(0).length
  const messagesBefore = chat.messages().length
  expect(before, 'the day came first').toBeGreaterThan(0)
  await box.goDown()
  chat.answer({ status: 429, headers: { 'retry-after': '1' } })
  await served.whileWorking(async () => {
    const emergency = await submit('tomas', 'emergency', { reason: 'Card payments fail and no lead answers' })
    const logs = await submit('lena', 'logs')
    const restarted = await submit('mina', 'restart')
    await decide('priya', restarted, 'approve')
    const waiting = await submit('jonas', 'search')
    await grantReaches('tomas', emergency, 'active')
    await grantReaches('lena', logs, 'active')
    await grantReaches('mina', restarted, 'active')
    const everything = {
      by: 'namespace',
      name: namespace,
      confirm: namespace,
      reason: 'An intruder is in this namespace',
    }
    const { revoked } = await as('ola').post<BulkRevocationResult>('/grants/revoke', everything)
    expect(revoked.map(({ requestId }) => requestId).sort()).toEqual([emergency, logs, restarted].sort())
    await grantReaches('tomas', emergency, 'ended')
    await grantReaches('lena', logs, 'ended')
    await grantReaches('mina', restarted, 'ended')
    expects(emergency, 'break-glass', 'priya', 'sam', 'ines')
    expects(emergency, 'review due', 'priya', 'sam', 'ines')
    expects(restarted, 'decided', 'mina')
    for (const [id, holder] of [
      [emergency, 'tomas'],
      [logs, 'lena'],
      [restarted, 'mina'],
    ] as const) {
      expects(id, 'revoked', holder)
      expects(id, 'ended', holder)
    }
    expects(waiting, 'waits', 'kofi')
    await until(
      'both channels were tried',
      async () => (await noticesWhere({ where: { attempts: { gt: 0 } } })).length > 1,
    )
    await box.comeUp()
    chat.answer(undefined)
    await everyoneWasTold()
    await as('priya').post(`/requests/${emergency}/review`, { outcome: 'justified', note: 'The outage was real.' })
    await reaches(emergency, 'reviewed', 'tomas')
    await everyoneWasTold()
    const messages = chat
      .messages()
      .slice(messagesBefore)
      .map(({ body }) => JSON.stringify(body))
    expect(messages.map((text) => text.match(/req_[0-9a-z]+/)?.[0]).sort()).toEqual(
      [emergency, logs, restarted, waiting].sort(),
    )
    expect(messages.find((text) => text.includes(emergency))).toContain('reviewed the break-glass access')
    expect(messages.find((text) => text.includes(logs))).toContain('has ended')
  })
})
