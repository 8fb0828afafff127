import { Command } from 'commander'
import { state } from '#lib/api-client/shapes'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { confirm } from '../ask.ts'
import { collect } from '../collect.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { lines, type OutputFormat, outputOption } from '../output.ts'
import { programName } from '../program-name.ts'
import { painter, type Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { durationArgument } from './durations.ts'
import { readInFull } from './find.ts'
import { printDone } from './print-request.ts'
import { termsText } from './show-text.ts'
import { approversOf } from './words.ts'

type Options = ServerOptions & {
  output: OutputFormat
  digest?: string
  note?: string
  for?: string
  namespace?: string[]
}

/**
 * The digest that the decision binds to: the one of the terms that this call shows to the person, or the one that they
 * name because they have read those terms. Postern refuses any other.
 */
async function digestFor(
  terminal: Terminal,
  id: string,
  verb: string,
  { digest }: Options,
  api: Awaited<ReturnType<typeof openApi>>,
) {
  const request = await readInFull(api, id)
  if (digest !== undefined) return { id: request.id, digest }
  terminal.stderr.write(termsText(request, painter(terminal.stderr, terminal.env)))
  if (!request.can.decide.may)
    throw new CommandFailure(exitCodes.refused, lines(request.can.decide.why ?? 'You may not decide this request.'))
  const instead = `Without a terminal, name the terms that you have read: --digest ${request.digest}`
  if (!(await confirm(terminal, `${verb} this request?`, instead)))
    throw new CommandFailure(exitCodes.refused, 'Nothing was decided.')
  return { id: request.id, digest: request.digest }
}

async function approve(terminal: Terminal, argument: string, options: Options) {
  const api = await openApi(terminal, options)
  const { id, digest } = await digestFor(terminal, argument, 'Approve', options, api)
  const narrow = {
    ...(options.for ? { duration: options.for } : {}),
    ...(options.namespace ? { namespaces: options.namespace } : {}),
  }
  const body = {
    ...{ decision: 'approve', digest },
    ...(options.note ? { note: options.note } : {}),
    ...(Object.keys(narrow).length > 0 ? { narrow } : {}),
  }
  const { status } = await api.call({ path: `/requests/${id}/decisions`, body, response: state, isKeyed: true })
  const { steps } = await readInFull(api, id)
  const left = status === 'pending' ? ` It still waits for ${approversOf(steps)}.` : ''
  await printDone(terminal, api, id, options.output, `Approved ${id}.${left}`)
}

async function deny(terminal: Terminal, argument: string, options: Options) {
  if (!options.note) throw new UsageError('Say why with --note, so that the requester knows what to change.')
  const api = await openApi(terminal, options)
  const { id, digest } = await digestFor(terminal, argument, 'Deny', options, api)
  const body = { decision: 'deny', digest, note: options.note }
  await api.call({ path: `/requests/${id}/decisions`, body, response: state, isKeyed: true })
  await printDone(terminal, api, id, options.output, `Denied ${id}.`)
}

const deciding = (command: Command) =>
  command
    .argument('<id>', 'the request')
    .option(
      '--digest <digest>',
      `the terms that you have read, as ${programName} show prints them; then there is no question`,
    )
    .addOption(serverOption())
    .addOption(contextOption())
    .addOption(outputOption())

export function approveCommand(terminal: Terminal): Command {
  return deciding(new Command('approve'))
    .description('Approve a request. The decision binds to the terms that were shown.')
    .option('--note <text>', 'a note for the requester and the history')
    .option('--for <duration>', 'approve for a shorter time, such as 15m', durationArgument)
    .option('--namespace <name>', 'approve only for this namespace (repeatable)', collect)
    .action((id: string, options: Options) => approve(terminal, id, options))
}

export function denyCommand(terminal: Terminal): Command {
  return deciding(new Command('deny'))
    .description('Deny a request.')
    .option('--note <text>', 'the reason, for the requester and the history')
    .action((id: string, options: Options) => deny(terminal, id, options))
}
