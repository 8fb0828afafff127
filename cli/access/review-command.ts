import { Command, Option } from 'commander'
import { type BreakGlassUse, reviewed, reviewPage } from '#lib/api-client/shapes'
import { reviewOutcomes } from '#lib/core/access/break-glass'
import { reviewStates } from '#lib/core/access/review'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { note as hint, line, type OutputFormat, outputOption, print, tableOf } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { requestIdOf } from './find.ts'
import { printDone } from './print-request.ts'
import { timeLeft } from './words.ts'

type Options = ServerOptions & {
  output: OutputFormat
  state: (typeof reviewStates)[number]
  after?: string
  outcome?: string
  note?: string
}

const reviewText = ({ review, isOverdue, reviewDueAt }: BreakGlassUse): string => {
  if (review) return `${review.outcome}, by ${review.person.name}: ${review.note}`
  return isOverdue ? `overdue since ${reviewDueAt}` : `due in ${timeLeft(reviewDueAt)}`
}

async function list(terminal: Terminal, { output, state, after, ...server }: Options) {
  const api = await openApi(terminal, server)
  const query = new URLSearchParams({ state, limit: '100', ...(after ? { cursor: after } : {}) })
  const page = await api.call({ path: `/reviews?${query}`, response: reviewPage })
  const rows = page.items.map((one) => [
    ...[one.requestId, one.at, one.holder.name, one.title, `${one.cluster}: ${one.namespaces.join(',')}`],
    ...[one.reason, reviewText(one)],
  ])
  await print(terminal, output, {
    data: page,
    names: page.items.map(({ requestId }) => requestId),
    text: () =>
      rows.length === 0
        ? `No break-glass access ${state === 'open' ? 'waits for a review' : 'was reviewed'}.\n`
        : tableOf(['REQUEST', 'AT', 'HOLDER', 'TITLE', 'WHERE', 'REASON', 'REVIEW'], rows),
  })
  if (page.nextCursor && output === 'table') hint(terminal, `There are more: --after ${page.nextCursor}`)
}

export function reviewCommand(terminal: Terminal): Command {
  return new Command('review')
    .description('Record whether break-glass access was justified; without an ID, list what you may review.')
    .argument('[id]', 'the request, or its grant')
    .addOption(new Option('--outcome <outcome>', 'what you found').choices([...reviewOutcomes]))
    .option('--note <text>', 'what you looked at, for the history')
    .addOption(
      new Option('--state <state>', 'list access without a review, or with one')
        .choices([...reviewStates])
        .default('open'),
    )
    .option('--after <cursor>', 'list what comes after a page')
    .addOption(serverOption())
    .addOption(contextOption())
    .addOption(outputOption())
    .action(async (id: string | undefined, options: Options) => {
      const { outcome, note } = options
      if (id === undefined) {
        if (outcome ?? note) throw new UsageError('--outcome and --note need the ID of a request.')
        return list(terminal, options)
      }
      if (!outcome || !note) throw new UsageError('A review needs --outcome and --note.')
      const api = await openApi(terminal, options)
      const request = await requestIdOf(api, id)
      const path = `/requests/${request}/review`
      const found = await api.call({ path, body: { outcome, note }, response: reviewed, isKeyed: true })
      await printDone(terminal, api, request, options.output, `Reviewed ${request}: ${line(found.outcome)}.`)
    })
}
