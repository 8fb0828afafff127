// The questions of a command on a pseudo-terminal.
import { expect } from 'vitest'
import { onPseudoTerminal, screenOf } from './screen/full-screen.testing.ts'

const entitlement = {
  ...{ name: 'restart', title: 'Restart', kind: 'rules', rules: [], approvals: [], reasonMinLength: 10 },
  ...{ clusters: [{ name: 'prod-eu', namespaces: ['payments'] }], defaultDuration: 'PT30M', maxDuration: 'PT2H' },
  ticket: { required: true, example: '\u001b[2JOPS-1' },
}
const submissions: object[] = []
const { open } = await screenOf('request', ({ path, text }) => {
  if (path === '/entitlements') return { status: 200, body: { items: [entitlement] } }
  if (path === '/requests') submissions.push(JSON.parse(text))
  return { status: 500, body: { detail: 'The database is away.' } }
})

onPseudoTerminal('questions ask for the missing details, and their texts control no terminal', async () => {
  submissions.length = 0
  const { shows, type, ended } = await open(['restart'])
  await shows('Why do you need it?')
  type('checkout is down\r')
  await shows('Which ticket (such as [U+001B][2JOPS-1)?')
  type('OPS-7\r')
  await shows('The database is away.')
  expect((await ended).code).toBe(4)
  expect(submissions).toMatchObject([{ reason: 'checkout is down', ticket: 'OPS-7' }])
})

onPseudoTerminal.each([
  ['Ctrl-C', '\x03'],
  ['Ctrl-D', '\x04'],
])('%s at a question submits nothing, says so, and gives the terminal back as it was', async (_, key) => {
  submissions.length = 0
  const { shows, type, ended, sent } = await open(['restart'])
  await shows('Why do you need it?')
  type(`checkout\x15${key}`)
  expect(await ended).toEqual({ code: 130, modes: 'icrnl isig icanon echo' })
  expect(sent()).toContain('error: Cancelled: nothing was submitted.')
  expect(submissions).toEqual([])
})
