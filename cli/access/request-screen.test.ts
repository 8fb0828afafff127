// The screen of a new request on a pseudo-terminal, against a server that sends what it likes.
import { beforeEach, expect } from 'vitest'
import type { PseudoTerminal } from '#testing/pseudo-terminal'
import { type Answer, onPseudoTerminal, screenOf } from '../screen/full-screen.testing.ts'

const anEntitlement = (name: string, title: string, more: object = {}) => ({
  ...{ name, title, kind: 'rules', rules: [], defaultDuration: 'PT30M', maxDuration: 'PT2H', reasonMinLength: 10 },
  clusters: [{ name: 'prod-eu', namespaces: ['checkout', 'payments', 'payments-eu'] }],
  ticket: { required: false, example: 'OPS-1' },
  approvals: [{ groups: ['payments-leads'], count: 1 }],
  ...more,
})

const aPreview = (violations: object[] = [], more: object = {}) => ({
  verdict: { violations, warnings: [] },
  steps: [{ groups: ['payments-leads'], count: 1, approvedBy: [], eligible: [{ name: 'Priya Raman' }] }],
  ...{
    rules: [],
    difference: { known: true, gained: [], held: [] },
    risk: { severity: 'low', findings: [] },
    alreadyHeld: [],
  },
  ...{ maxDuration: 'PT2H', digest: `sha256:${'1'.repeat(64)}`, objects: [] },
  ...more,
})

type Body = { reason: string; duration: string; namespaces: string[]; [other: string]: unknown }
let offered: object[] = []
let onPreview: (body: Body) => Answer | Promise<Answer> = () => ({ status: 200, body: aPreview() })
let onSubmission: (body: Body) => Answer | null = () => ({ status: 500, body: {} })
const submissions: (Body & { key: unknown })[] = []
const previews: Body[] = []
/** How many calls the program gave up before they were answered. */
let abandoned = 0

const { open: openScreen } = await screenOf('request', ({ path, text, headers, onAbandoned }) => {
  onAbandoned(() => {
    abandoned += 1
  })
  if (path === '/entitlements') return { status: 200, body: { items: offered } }
  const body: Body = JSON.parse(text)
  if (path === '/requests/preview') {
    previews.push(body)
    return onPreview(body)
  }
  submissions.push({ ...body, key: headers['idempotency-key'] })
  return onSubmission(body)
})
const open = (args: readonly string[] = []) => openScreen(args, { NO_COLOR: '1' })

beforeEach(() => {
  offered = [
    anEntitlement('payments-restart', 'Restart payment services'),
    anEntitlement('payments-debug', 'Debug payment services', {
      kind: 'ceiling',
      clusters: ['dev', 'prod-eu'].map((name) => ({ name, namespaces: ['payments'] })),
      approvals: [],
    }),
  ]
  onPreview = () => ({ status: 200, body: aPreview() })
  onSubmission = () => ({ status: 500, body: { detail: 'The database is away.' } })
  submissions.length = 0
  previews.length = 0
  abandoned = 0
})

const [esc, up, down, enter, ctrlS] = ['\x1b', '\x1b[A', '\x1b[B', '\r', '\x13']

onPseudoTerminal('lists narrow by what is typed, and Escape goes a step back', async () => {
  const { shows, type } = await open()
  const rows = await shows('Which access?')
  expect(rows.slice(2, 4)).toEqual([
    expect.stringMatching(/^> Restart payment services +prod-eu +by payments-leads$/),
    expect.stringMatching(/^ {2}Debug payment services +dev, prod-eu +approved automatica/),
  ])
  type('automatically')
  await shows(/^> Debug payment services/)
  type(enter)
  await shows('In which cluster?')
  type(`${down}${enter}`)
  await shows(/^ {2}Cluster +prod-eu$/)
  await shows(/^> Permissions +VERBS RESOURCES/)
  type('get pods')
  await shows('Would be accepted.')
  expect(previews.at(-1)).toMatchObject({ rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] })
  type(esc)
  await shows('In which cluster?')
  type(esc)
  await shows('Which access?')
  type(enter)
  await shows('In which namespaces?')
  type('eu')
  await shows(/^> \[ \] payments-eu$/)
  type(' ')
  await shows('Chosen: payments-eu')
  type(esc)
  await shows(/^> \[ \] checkout$/)
  type(` ${enter}`)
  await shows(/^ {2}Namespaces +payments-eu, checkout$/)
})

onPseudoTerminal('what options gave is filled in, and its steps are left out', async () => {
  const given = ['--cluster', 'dev', '-n', 'payments', '--rule', 'get pods/log,deployments.apps/scale x']
  const { shows, type } = await open([...given, '--reason', 'checkout is down', '--for', '10m'])
  expect((await shows('Which access?')).join('\n')).not.toContain('Restart')
  type(enter)
  const rows = (await shows('Would be accepted.')).join('\n')
  expect(rows).toMatch(/Permissions get pods\/log x; get deployments\.apps\/scale x\n/)
  expect(rows).toMatch(/Reason +checkout is down\n/)
  expect(previews.at(-1)).toMatchObject({ cluster: 'dev', duration: 'PT10M', reason: 'checkout is down' })
})

onPseudoTerminal('only the latest verdict is shown, and no key waits for one', async () => {
  const slow = Promise.withResolvers<{ status: number; body: object }>()
  onPreview = ({ reason }) => {
    if (reason === '') return slow.promise
    return { status: 200, body: aPreview([{ code: 'x', pointer: '/reason', sentence: `refused ${reason}` }]) }
  }
  const { shows, type } = await open(['-n', 'payments'])
  await shows('Which access?')
  type(enter)
  await shows((shown) => previews.length === 1 && shown.some((row) => row.includes('Checking ...')))
  type(`${down}soon`)
  await shows((shown) => abandoned === 1 && shown.includes('  ! refused soon'))
  slow.resolve({ status: 200, body: aPreview([{ code: 'x', pointer: '/duration', sentence: 'late' }]) })
  type('er')
  const rows = await shows(/^ {2}! refused sooner$/)
  expect(rows.join('\n')).not.toContain('late')
})

onPseudoTerminal('a failure of the server is shown, and what was typed stays', async () => {
  onPreview = () => ({ status: 503, body: { detail: 'The cluster is away.' } })
  const { shows, type } = await open(['-n', 'payments'])
  await shows('Which access?')
  type(enter)
  await shows('The cluster is away.')
  type(`${down}the checkout`)
  await shows(/^> Reason +the checkout$/)
  type(ctrlS)
  expect((await shows('The database is away.')).join('\n')).toMatch(/> Reason +the checkout\n/)
  type(`${up}nonsense`)
  await shows(/^ {2}! Use a duration such as/)
  type(ctrlS)
  await shows('Correct the marked fields first.')
  expect(submissions).toHaveLength(1)
})

onPseudoTerminal(
  'a request whose answer was lost is sent again as the same one, and a changed one as another',
  async () => {
    onSubmission = () => {
      const count = submissions.length
      return count === 1 ? null : { status: 504, body: { detail: `No answer ${count}.` } }
    }
    const { shows, type } = await open(['-n', 'payments', '--reason', 'checkout is down'])
    await shows('Which access?')
    type(enter)
    await shows('Would be accepted.')
    type(ctrlS)
    await shows("Can't reach")
    type(ctrlS)
    await shows('No answer 2.')
    type(`${down}!`)
    await shows(/^> Reason +checkout is down!$/)
    type(ctrlS)
    await shows('No answer 3.')
    type('\x7f')
    await shows(/^> Reason +checkout is down$/)
    type(ctrlS)
    await shows('No answer 4.')
    const [first, second, changed, last] = submissions.map(({ key }) => key)
    expect(first).toMatch(/^[\w-]{36}$/)
    expect([second, last]).toEqual([first, first])
    expect(changed).not.toBe(first)
  },
)

onPseudoTerminal('access that the person has already is named above the verdict’s details', async () => {
  const held = { requestId: `req_${'1'.repeat(26)}`, title: 'Restart payment services', cluster: 'prod-eu' }
  onPreview = () => ({
    status: 200,
    body: aPreview([], {
      alreadyHeld: [
        { ...held, status: 'active', grantId: 'grt_1', expiresAt: new Date().toISOString(), missing: [] },
        { ...held, title: 'Read pods', status: 'pending', grantId: null, expiresAt: null, missing: [{}] },
      ],
    }),
  })
  const { shows, type } = await open(['-n', 'payments'])
  await shows('Which access?')
  type(enter)
  const rows = await shows('Would be accepted.')
  const at = rows.indexOf('Would be accepted.')
  expect(rows.slice(at + 1, at + 5).join('')).toMatch(
    /You have this already: Restart payment services \(active, until .*You requested a part of this already: Read pods/,
  )
})

onPseudoTerminal('what is pasted submits nothing and leaves nothing', async () => {
  const { shows, type } = await open(['-n', 'payments', '--reason', 'because '])
  await shows('Which access?')
  type(enter)
  await shows(/^ {2}Reason/)
  type(`${down}${esc}[200~of\r${ctrlS}\x03this${esc}[201~`)
  await shows(/^> Reason +because of {3}this$/)
  expect(submissions).toEqual([])
})

onPseudoTerminal.each([
  ['Ctrl-C', (one: PseudoTerminal) => one.type('\x03'), 130],
  ['SIGTERM', (one: PseudoTerminal) => one.kill('SIGTERM'), 143],
])('%s submits nothing and gives the terminal back as it was', async (key, end, code) => {
  const one = await open(['-n', 'payments', '--reason', 'checkout is down'])
  await one.shows('Which access?')
  one.type(enter)
  await one.shows('Would be accepted.')
  end(one)
  expect(await one.ended).toEqual({ code, modes: 'icrnl isig icanon echo' })
  expect(await one.isFullScreen()).toBe(false)
  expect((await one.screen()).join('\n').includes('Nothing was submitted.')).toBe(key === 'Ctrl-C')
  expect(submissions).toEqual([])
})

onPseudoTerminal('no text of a server controls the terminal or moves a row, at any size', async () => {
  const hostile = `\u001b[2J\u001b]0;title\u0007\u202eevil\u009b31m\r\n決済チーム👩‍🚀${'字'.repeat(90)}`
  offered = [
    anEntitlement(hostile, hostile, {
      clusters: ['a', 'b'].map((name) => ({ name: name + hostile, namespaces: [`n${hostile}`, `m${hostile}`] })),
      approvals: [{ groups: [hostile], count: 2 }],
      ticket: { required: true, example: hostile },
    }),
  ]
  const everywhere = ['/entitlement', '/cluster', '/namespaces/0', '/duration', '/reason', '/ticket', hostile]
  onPreview = () => ({
    status: 200,
    body: aPreview(
      everywhere.map((pointer) => ({ code: 'x', pointer, sentence: hostile.repeat(9) })),
      { risk: { severity: hostile, findings: [{ id: 'x', severity: hostile, sentence: hostile }] } },
    ),
  })
  const { shows, type, resize, sent } = await open(['--reason', 'why'])
  for (const title of ['Which access?', 'In which cluster?', 'In which namespaces?']) {
    const rows = await shows(title)
    expect([rows[0], rows[2]]).toEqual([title, expect.stringContaining('[U+001B]')])
    if (title === 'In which namespaces?') type(' ')
    type(enter)
  }
  await shows('Would be refused.')
  for (const [columns, rows] of [
    [132, 40],
    [60, 12],
    [80, 24],
  ] as const) {
    resize(columns, rows)
    const drawn = await shows((shown) => {
      const isDrawn = shown.some((row) => row.startsWith('--') && row.length === columns)
      return isDrawn && shown.at(-1)?.startsWith('Ctrl-S submit') === true
    })
    expect(drawn[0]).toMatch(/^Request access at http:\S+$/)
    for (const field of [/^> Duration/, /^ {2}Reason/, /^ {2}Ticket/])
      expect(drawn.filter((row) => field.test(row))).toHaveLength(1)
  }
  resize(30, 5)
  await shows('too small')
  const own = new RegExp(`${esc}\\[(\\?\\d+[hl]|\\d+;\\d+H|2K)|\\r|\\n`, 'g')
  expect(sent().replace(own, '')).not.toMatch(/\p{Cc}|\u202e/u)
})
