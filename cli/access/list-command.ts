import { Command, Option } from 'commander'
import { type RequestState, requestPage } from '#lib/api-client/shapes'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { note, type OutputFormat, outputOption, print, tableOf } from '../output.ts'
import { canBeScreen, type Terminal } from '../terminal.ts'
import { rulesText, statusOf, timeLeft } from './words.ts'

const roles = ['mine', 'inbox', 'all'] as const
const statuses = ['pending', 'approved', 'denied', 'withdrawn', 'lapsed'] as const

type Options = ServerOptions & { output: OutputFormat; role: (typeof roles)[number]; status?: string; limit: string }

const untilOf = ({ grant, status, lapsesAt }: RequestState): string => {
  if (grant?.status === 'active' && grant.expiresAt) return `${timeLeft(grant.expiresAt)} left`
  return status === 'pending' ? `${timeLeft(lapsesAt)} to decide` : ''
}

const ownTable = (items: readonly RequestState[]) =>
  tableOf(
    ['REQUEST', 'STATUS', 'TITLE', 'CLUSTER', 'NAMESPACES', 'TIME'],
    items.map((one) => [one.id, statusOf(one), one.title, one.cluster, one.namespaces.join(','), untilOf(one)]),
  )

const inboxTable = (items: readonly RequestState[]) =>
  tableOf(
    ['REQUEST', 'RISK', 'REQUESTER', 'WANTS TO', 'WHERE', 'REASON', 'TIME'],
    items.map((one) => [
      ...[
        one.id,
        one.risk.severity,
        one.agent === null ? one.requester.name : `agent for ${one.requester.name}`,
        rulesText(one.rules, one.clusterRole),
      ],
      ...[`${one.cluster}: ${one.namespaces.join(',')}`, one.reason, untilOf(one)],
    ]),
  )

async function list(terminal: Terminal, { output, role, status, limit, ...server }: Options) {
  const api = await openApi(terminal, server)
  const query = new URLSearchParams({ role, limit, ...(status ? { status } : {}) })
  const page = await api.call({ path: `/requests?${query}`, response: requestPage })
  const table = role === 'inbox' ? inboxTable : ownTable
  await print(terminal, output, {
    data: page,
    names: page.items.map(({ id }) => id),
    text: () => (page.items.length === 0 ? 'No requests.\n' : table(page.items)),
  })
  if (page.nextCursor && output === 'table')
    note(terminal, `There are more. Show up to 100 with --limit, or use the pages.`)
}

const withServer = (command: Command) =>
  command
    .addOption(new Option('--limit <n>', 'the maximum number of requests, newest first').default('50'))
    .addOption(serverOption())
    .addOption(contextOption())
    .addOption(outputOption())

export function listCommand(terminal: Terminal): Command {
  const command = new Command('ls')
    .description('List your requests and access.')
    .addOption(new Option('--role <role>', 'whose requests').choices(roles).default('mine'))
    .addOption(new Option('--status <status>', 'only those with this status').choices(statuses))
  return withServer(command).action((options: Options) => list(terminal, options))
}

/** A screen where a person reads it, and the list for a program. `--output` and `--limit` ask for the list. */
async function inbox(terminal: Terminal, options: Options, isList: boolean) {
  if (isList || !canBeScreen(terminal)) return list(terminal, { ...options, role: 'inbox' })
  const api = await openApi(terminal, options)
  const { readInbox, showInbox } = await import('./inbox-screen.ts')
  await showInbox(terminal, api, await readInbox(api))
}

export function inboxCommand(terminal: Terminal): Command {
  const command = new Command('inbox')
    .description('Decide the requests that wait for you, on a full screen with keys; or list them.')
    .addHelpText(
      'after',
      '\nOn a terminal, ? lists the keys. Without a terminal, and with --output or --limit, it prints a list.',
    )
  return withServer(command).action((options: Options) => {
    const isList = ['output', 'limit'].some((option) => command.getOptionValueSource(option) === 'cli')
    return inbox(terminal, options, isList)
  })
}
