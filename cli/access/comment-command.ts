import { Command } from 'commander'
import { created } from '#lib/api-client/shapes'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { type OutputFormat, outputOption } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { requestIdOf } from './find.ts'
import { printDone } from './print-request.ts'

type Options = ServerOptions & { output: OutputFormat; needsInformation?: true }

export function commentCommand(terminal: Terminal): Command {
  return new Command('comment')
    .description('Comment on a pending request, as its requester or an approver.')
    .argument('<id>', 'the request')
    .argument('<text>', 'what to write')
    .option('--needs-information', 'for approvers: reminders and escalation wait until the requester comments')
    .addOption(serverOption())
    .addOption(contextOption())
    .addOption(outputOption())
    .action(async (id: string, text: string, { needsInformation, output, ...server }: Options) => {
      const api = await openApi(terminal, server)
      const request = await requestIdOf(api, id)
      const body = { text, ...(needsInformation ? { needsInformation } : {}) }
      await api.call({ path: `/requests/${request}/comments`, body, response: created, isKeyed: true })
      await printDone(terminal, api, request, output, `Commented on ${request}.`)
    })
}
