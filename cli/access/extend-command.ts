import { Command } from 'commander'
import { submitted } from '#lib/api-client/shapes'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { ask } from '../ask.ts'
import { line, note, type OutputFormat, outputOption } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { durationArgument, timeoutOption } from './durations.ts'
import { readInFull } from './find.ts'
import { printRequest } from './print-request.ts'
import { reasonOption } from './request-options.ts'
import { waitUntilActive } from './wait.ts'
import { approversOf, clock } from './words.ts'

type Options = ServerOptions & {
  output: OutputFormat
  reason?: string
  ticket?: string
  for?: string
  wait?: true
  timeout: number
}

async function extend(terminal: Terminal, argument: string, options: Options) {
  const api = await openApi(terminal, options)
  const old = await readInFull(api, argument)
  if (!old.grant) throw new UsageError(`${argument} has no access to extend: it is ${line(old.status)}.`)
  const reason = options.reason ?? (await ask(terminal, 'Why do you need more time?', 'Say why with --reason.'))
  const ticket = options.ticket ?? old.ticket
  const body = {
    ...{ entitlement: old.entitlement, cluster: old.cluster, namespaces: old.namespaces, extends: old.grant.id },
    ...{ reason, duration: options.for ?? old.duration },
    ...(ticket ? { ticket } : {}),
  }
  const { id } = await api.call({ path: '/requests', body, response: submitted, isKeyed: true })
  if (options.output === 'table') terminal.stdout.write(`${id}\n`)
  if (options.wait) {
    const { grant } = await waitUntilActive(terminal, api, id, options.timeout)
    note(
      terminal,
      `Extended${grant?.expiresAt ? ` until ${clock(grant.expiresAt)}` : ''}. Kubeconfigs of postern go on working.`,
    )
  } else {
    const { status, steps } = await readInFull(api, id)
    note(terminal, status === 'pending' ? `Waiting for ${approversOf(steps)}.` : 'No approval needed.')
  }
  await printRequest(terminal, api, id, options.output)
}

export function extendCommand(terminal: Terminal): Command {
  return new Command('extend')
    .description('Request more time for access that you have.')
    .argument('<id>', 'your grant, or its request')
    .option('--for <duration>', 'how long from then on, such as 30m (default: as before)', durationArgument)
    .addOption(reasonOption())
    .option('--ticket <id>', 'the ticket (default: as before)')
    .option('--wait', 'wait until the extension works')
    .addOption(timeoutOption())
    .addOption(serverOption())
    .addOption(contextOption())
    .addOption(outputOption())
    .action((id: string, options: Options) => extend(terminal, id, options))
}
