import { Command, InvalidArgumentError } from 'commander'
import { ownAbsence } from '#lib/api-client/shapes'
import { clock } from '../access/words.ts'
import { line, type OutputFormat, outputOption, print } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { contextOption, openApi, type ServerOptions, serverOption } from './session.ts'

type Options = ServerOptions & { output: OutputFormat }

const day = /^(\d{4})-(\d{2})-(\d{2})$/

/** A day of this machine's time zone, or an RFC 3339 time. A day as the end is included. */
const timeOf = (isEnd: boolean) => (text: string) => {
  const [, year, month, date] = day.exec(text)?.map(Number) ?? []
  const isDay = year !== undefined && month !== undefined && date !== undefined
  const at = isDay ? new Date(year, month - 1, date + (isEnd ? 1 : 0)) : new Date(text)
  const isReal = isDay ? new Date(year, month - 1, date).getDate() === date : /^\d{4}-\d{2}-\d{2}T/.test(text)
  if (!isReal || Number.isNaN(at.getTime()))
    throw new InvalidArgumentError('Use a day such as 2026-12-24, or a time such as 2026-12-24T09:00:00Z.')
  return at.toISOString()
}

/** Reads the absence, or changes it first. */
async function absence(terminal: Terminal, { output, ...server }: Options, change?: { path: string; body: object }) {
  const api = await openApi(terminal, server)
  const call = { path: '/me/absence', ...change, response: ownAbsence, isKeyed: change !== undefined }
  const found = await api.call(call)
  await print(terminal, output, {
    data: found,
    names: found.absence ? [found.absence.delegate] : [],
    text: () =>
      found.absence
        ? `Out of office from ${clock(found.absence.from)} until ${clock(found.absence.until)}. ${line(found.absence.delegate)} is notified instead.\n`
        : 'Not out of office.\n',
  })
}

const withServer = (command: Command) =>
  command.addOption(serverOption()).addOption(contextOption()).addOption(outputOption())

export function absenceCommand(terminal: Terminal): Command {
  const set = withServer(new Command('set'))
    .description('Say that you are out of office, and who is notified instead.')
    .requiredOption('--until <time>', 'the last day, such as 2026-12-24, or a time', timeOf(true))
    .requiredOption('--delegate <email>', 'a colleague who is in one of your groups')
    .option('--from <time>', 'the first day, or a time (default: now)', timeOf(false))
    .action((_, command: Command) => {
      const { from, until, delegate, ...options } = command.optsWithGlobals<
        Options & { from?: string; until: string; delegate: string }
      >()
      const body = { from: from ?? new Date().toISOString(), until, delegate }
      return absence(terminal, options, { path: '/me/absence', body })
    })
  const end = withServer(new Command('end'))
    .description('Say that you are back.')
    .action((_, command: Command) =>
      absence(terminal, command.optsWithGlobals<Options>(), { path: '/me/absence/end', body: {} }),
    )
  return withServer(new Command('absence'))
    .description('Show whether you are out of office, and who is notified instead; set or end it.')
    .addCommand(set)
    .addCommand(end)
    .action((options: Options) => absence(terminal, options))
}
