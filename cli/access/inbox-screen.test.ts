// The screen of the inbox on a pseudo-terminal, against a server that sends what it likes.
import { beforeEach, expect, test } from 'vitest'
import type { PseudoTerminal } from '#testing/pseudo-terminal'
import { spawnPostern } from '../running.testing.ts'
import { type Answer, onPseudoTerminal, screenOf } from '../screen/full-screen.testing.ts'

const may = { may: true }
const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`
const idOf = (digit: string) => `req_${digit.repeat(26)}`

const aRequest = (digit: string, more: object = {}) => ({
  ...{ id: idOf(digit), status: 'pending', title: `Title ${digit}`, entitlement: 'payments-restart' },
  requester: { name: `Person ${digit}`, email: `person-${digit}@example.com` },
  ...{ cluster: 'prod-eu', namespaces: ['payments'], clusterRole: null, startsAt: null },
  rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['patch'] }],
  risk: { severity: 'low', findings: [] },
  ...{ reason: `reason ${digit}`, ticket: 'OPS-1', duration: 'PT30M', digest: digestOf(digit) },
  createdAt: '2026-01-01T10:00:00Z',
  // Soonest first, in the order of the digits.
  lapsesAt: new Date(Date.now() + Number(digit) * 3_600_000).toISOString(),
  steps: [{ groups: ['payments-leads'], count: 1, approvedBy: [], eligible: [{ name: 'Priya Raman' }] }],
  can: { decide: may, withdraw: may, revoke: may, release: may, issueCredential: may },
  difference: { known: true, gained: [], held: [] },
  ...{ grant: null, decisions: [], comments: [] },
  ...more,
})

type Request = ReturnType<typeof aRequest>
let waiting: Request[] = []
let answer: Answer = { status: 200, body: { status: 'approved' } }
const decisions: { id: string; body: Record<string, string> }[] = []
let onDecision = () => {}
let isDown = false

const { environment, open } = await screenOf('inbox', ({ path, text }) => {
  const [, id = '', decides] = /^\/requests\/(\w+)(\/decisions)?/.exec(path) ?? []
  if (isDown) return { status: 503, body: { detail: 'The database is away.' } }
  if (decides) {
    decisions.push({ id, body: JSON.parse(text) })
    onDecision()
    return answer
  }
  if (!id) return { status: 200, body: { items: waiting, nextCursor: null } }
  const found = waiting.find((one) => one.id === id)
  return found ? { status: 200, body: found } : { status: 404, body: { detail: 'Not found.' } }
})

beforeEach(() => {
  waiting = [aRequest('1'), aRequest('2')]
  answer = { status: 200, body: { status: 'approved' } }
  decisions.length = 0
  isDown = false
  onDecision = () => {
    waiting = waiting.filter(({ id }) => id !== decisions.at(-1)?.id)
  }
})

const esc = '\x1b'
const digestLine = (digit: string) => new RegExp(`^Digest: ${digestOf(digit)}$`)

onPseudoTerminal(
  'on 80×24 the requests are in the order of their urgency, with the terms of the selected one',
  async () => {
    waiting = [aRequest('2'), aRequest('1', { risk: { severity: 'high', findings: [] } })]
    const { shows, type } = await open()
    const rows = await shows(/^Requester: +Person 1 <person-1@example\.com>/)
    expect(rows[0]).toMatch(/^Inbox: 2 requests waiting at http:/)
    expect(rows[1]).toMatch(/^> high +Person 1 +Title 1 +prod-eu: \S+… 30 min /)
    expect(rows[2]).toMatch(/^ {2}low +Person 2 /)
    expect(rows.at(-1)).toContain('? help')
    type('j')
    expect((await shows(/^Requester: +Person 2/))[2]).toMatch(/^> low/)
    type(`${esc}[A`)
    await shows(/^Requester: +Person 1/)
    type('\r')
    const all = await shows(
      (shown) => !shown.some((row) => row.startsWith('> ')) && shown.at(-1)?.startsWith('Esc back') === true,
    )
    expect(all.join('\n')).toMatch(
      /Permissions:[\s\S]*New to them:[\s\S]*Duration:[\s\S]*Reason:[\s\S]*Ticket:[\s\S]*Risk: high/,
    )
  },
)

onPseudoTerminal(
  'an approval binds to the digest that was on the screen, and the next request takes its place',
  async () => {
    const { shows, type } = await open()
    await shows(digestLine('1'))
    type('a')
    await shows('Approve Title 1 for Person 1.')
    type('looks right\r')
    const rows = await shows('Approved: Title 1 for Person 1.')
    expect(rows[0]).toContain('1 request waiting')
    expect(decisions).toEqual([
      { id: idOf('1'), body: { decision: 'approve', digest: digestOf('1'), note: 'looks right' } },
    ])
    await shows(digestLine('2'))
  },
)

onPseudoTerminal('an approval at high risk needs a yes, and anything else decides nothing', async () => {
  waiting = [aRequest('1', { risk: { severity: 'unheard-of', findings: [] } })]
  const { shows, type } = await open()
  await shows(digestLine('1'))
  type('a\r')
  await shows('Type yes to approve')
  type('y\r')
  await shows('Nothing was decided.')
  expect(decisions).toEqual([])
  type('a\r')
  await shows('Type yes to approve')
  type('yes\r')
  await shows('Approved: Title 1')
  expect(decisions).toHaveLength(1)
})

onPseudoTerminal(
  'terms that do not fit on the screen must be scrolled to their end before they can be decided',
  async () => {
    waiting = [aRequest('1', { reason: Array.from({ length: 60 }, (_, index) => `line ${index}`).join('\n') })]
    const { shows, type } = await open()
    await shows('line 3')
    for (const key of ['a', 'd']) {
      type(key)
      await shows('Read it to its end')
    }
    for (const last of [/-- lines \d+ to (3|4)\d of/, /-- lines \d+ to (5|6)\d of/]) {
      type(' ')
      await shows(last)
    }
    type('a')
    await shows('Read it to its end')
    type(' ')
    await shows(digestLine('1'))
    type(' a')
    await shows('Approve Title 1')
    expect(decisions).toEqual([])
  },
)

onPseudoTerminal('a denial needs a reason, which the server receives', async () => {
  const { shows, type } = await open()
  await shows(digestLine('1'))
  type('d')
  await shows('Deny Title 1 for Person 1.')
  type('\r')
  await shows('A denial needs a reason.')
  type('d')
  await shows('Deny Title 1')
  type('not now\r')
  await shows('Denied: Title 1 for Person 1.')
  expect(decisions.map(({ body }) => body)).toEqual([{ decision: 'deny', digest: digestOf('1'), note: 'not now' }])
})

onPseudoTerminal('a refused decision says why, and the request is shown again with its new terms', async () => {
  answer = { status: 409, body: { code: 'digest-mismatch', detail: 'Another approver narrowed the terms.' } }
  onDecision = () => {
    waiting = [aRequest('1', { digest: digestOf('9'), duration: 'PT5M' }), aRequest('2')]
  }
  const { shows, type } = await open()
  await shows(digestLine('1'))
  type('a\r')
  await shows('Another approver narrowed the terms.')
  const rows = await shows(digestLine('9'))
  expect(rows.join('\n')).toContain('5 minutes')
  expect(rows.join('\n')).not.toContain('30 min')
})

onPseudoTerminal('what is pasted presses no key', async () => {
  const { shows, type } = await open()
  await shows(digestLine('1'))
  type(`${esc}[200~d${esc}[201~${esc}[200~a\rq${esc}[201~j`)
  await shows(digestLine('2'))
  type('d')
  await shows('Deny Title 2')
  type(`${esc}[200~two\rlines${esc}[201~`)
  await shows('two lines')
  expect(decisions).toEqual([])
})

onPseudoTerminal('a search leaves the requests that have every word, and Esc ends it', async () => {
  const { shows, type } = await open()
  await shows(digestLine('1'))
  type('/')
  await shows('Search:')
  type('PERSON reason 2\r')
  expect((await shows(digestLine('2')))[0]).toContain('1 of 2 match')
  type(esc)
  await shows('2 requests waiting')
  type('?')
  await shows('approve, with an optional note')
})

onPseudoTerminal('no text of a person or a server controls the terminal, moves a row, or hides its edge', async () => {
  const hostile = `\u001b[2J\u001b]0;title\u0007\u202eevil\u009b31m\r決済チームの緊急対応👩‍🚀${'字'.repeat(50)}`
  waiting = [
    aRequest('1', {
      ...{ title: hostile, reason: `${hostile}\nRisk: low\n${hostile}`, ticket: hostile, cluster: hostile },
      ...{ namespaces: [hostile], requester: { name: hostile, email: hostile }, agent: hostile },
      risk: { severity: 'high', findings: [{ id: 'x', severity: hostile, sentence: hostile }] },
      comments: [{ person: { name: hostile }, text: hostile, needsInformation: false, at: '2026-01-01T10:00:00Z' }],
    }),
    aRequest('2'),
  ]
  const { shows, type, sent } = await open()
  await shows('[U+001B]')
  type('\r')
  const rows = await shows(
    (shown) => shown[1]?.startsWith('-- lines 1 to') === true && shown.at(-1)?.startsWith('Esc back') === true,
  )
  expect(rows[0]).toMatch(/^Inbox: 2 requests waiting at http:\S+$/)
  expect(rows.filter((row) => row.startsWith('Risk: low'))).toEqual([])
  answer = { status: 403, body: { detail: `refused: ${hostile}` } }
  for (let page = 0; page < 12; page++) type(' ')
  await shows((shown) => shown[1]?.startsWith('---') === true)
  type('d')
  await shows('Reason for the requester')
  type('no\r')
  await shows(/^refused:/)
  // It is out of sight now, so the next one is shown.
  await shows(digestLine('2'))
  const own = new RegExp(`${esc}\\[(\\?\\d+[hl]|\\d+;\\d+H|2K|\\d+m)|\\r|\\n`, 'g')
  expect(sent().replace(own, '')).not.toMatch(/\p{Cc}|\u202e/u)
})

onPseudoTerminal(
  'after a resize every row is drawn for the new size, also when it was too small meanwhile',
  async () => {
    const { shows, resize, type } = await open()
    await shows(digestLine('1'))
    for (const [columns, rows] of [
      [132, 50],
      [60, 12],
      [80, 24],
    ] as const) {
      resize(columns, rows)
      const drawn = await shows((shown) => {
        const hasEdges = shown[0]?.startsWith('Inbox: 2 requests') && shown.at(-1)?.startsWith('j/k move')
        return hasEdges === true && shown.some((row) => row.startsWith('--') && row.length === columns)
      })
      expect([drawn.length, drawn.some((row) => digestLine('1').test(row))]).toEqual([rows, columns > 60])
    }
    resize(30, 5)
    await shows('too small')
    type('a')
    resize(80, 24)
    await shows(digestLine('1'))
    expect(decisions).toEqual([])
  },
)

const restored = 'icrnl isig icanon echo'

onPseudoTerminal.each([
  ['q', (one: PseudoTerminal) => one.type('q'), 0],
  ['Ctrl-C', (one: PseudoTerminal) => one.type('\x03'), 130],
  ['SIGTERM', (one: PseudoTerminal) => one.kill('SIGTERM'), 143],
  ['SIGHUP', (one: PseudoTerminal) => one.kill('SIGHUP'), 129],
])('the terminal is given back as it was after %s', async (_, end, code) => {
  const one = await open()
  await one.shows(digestLine('1'))
  expect(await one.isFullScreen()).toBe(true)
  end(one)
  expect(await one.ended).toEqual({ code, modes: restored })
  expect(await one.isFullScreen()).toBe(false)
  expect(one.sent()).toContain('\x1b[?2004l\x1b[?25h\x1b[?7h\x1b[?1049l')
})

onPseudoTerminal(
  'a server that fails is named on the screen, which stays usable, and before it there is no screen',
  async () => {
    const { shows, type, ended } = await open()
    await shows(digestLine('1'))
    isDown = true
    type('r')
    await shows('The database is away.')
    isDown = false
    type('r')
    await shows('Refreshed.')
    type('q')
    await ended
    isDown = true
    const later = await open()
    expect((await later.ended).code).toBe(4)
    expect(later.sent()).not.toContain('\x1b[?1049h')
  },
)

onPseudoTerminal.each([
  ['with NO_COLOR', [], { NO_COLOR: '1' }],
  ['with a table as output', ['--output', 'table'], {}],
  ['with a limit', ['--limit', '5'], {}],
  ['on a terminal without abilities', [], { TERM: 'dumb' }],
])('%s nothing is coloured, and only NO_COLOR leaves the screen', async (_, args, env: Record<string, string>) => {
  const { shows, sent, type, ended } = await open(args, env)
  await shows('Person 2')
  expect(sent()).not.toMatch(new RegExp(`${esc}\\[\\d*m`))
  expect(sent().includes('\x1b[?1049h')).toBe('NO_COLOR' in env)
  if ('NO_COLOR' in env) type('q')
  await ended
})

test('without a terminal it prints the list', async () => {
  const { code, out } = await spawnPostern(['inbox'], { env: environment })
  expect([code, out.split('\n')[0]]).toEqual([0, expect.stringMatching(/^REQUEST +RISK +REQUESTER/)])
})
