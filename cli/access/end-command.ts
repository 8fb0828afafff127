import { Command } from 'commander'
import { state } from '#lib/api-client/shapes'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { deleteCredential } from '../kubernetes/credential-cache.ts'
import { type OutputFormat, outputOption } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { grantIdOf, requestIdOf } from './find.ts'
import { printDone } from './print-request.ts'

type Options = ServerOptions & { output: OutputFormat }

/** As long as a proxy keeps a connection without data. */
const wait = '?wait=PT50S'
const timeoutMs = 60_000

const ending = (command: Command, what: string) =>
  command.argument('<id>', what).addOption(serverOption()).addOption(contextOption()).addOption(outputOption())

const outcome = (status: string) =>
  status === 'ended' ? 'The cluster confirmed that it is gone.' : `It is ${status}, and Postern keeps trying.`

export function releaseCommand(terminal: Terminal): Command {
  return ending(new Command('release'), 'your grant, or its request')
    .description('End your own access now.')
    .action(async (id: string, options: Options) => {
      const api = await openApi(terminal, options)
      const grant = await grantIdOf(api, id)
      deleteCredential(terminal.env, api.session, grant)
      const path = `/grants/${grant}/release${wait}`
      const { status } = await api.call({ path, body: {}, response: state, isKeyed: true, timeoutMs })
      await printDone(terminal, api, grant, options.output, `Released ${grant}. ${outcome(status)}`)
    })
}

export function revokeCommand(terminal: Terminal): Command {
  return ending(new Command('revoke'), 'the grant, or its request')
    .description("End another person's access now.")
    .requiredOption('--reason <text>', 'why, for the holder and the history')
    .action(async (id: string, { reason, ...options }: Options & { reason: string }) => {
      const api = await openApi(terminal, options)
      const grant = await grantIdOf(api, id)
      const path = `/grants/${grant}/revoke${wait}`
      const { status } = await api.call({ path, body: { reason }, response: state, isKeyed: true, timeoutMs })
      await printDone(terminal, api, grant, options.output, `Revoked ${grant}. ${outcome(status)}`)
    })
}

export function withdrawCommand(terminal: Terminal): Command {
  return ending(new Command('withdraw'), 'your request')
    .description('Withdraw your own request while it is pending.')
    .action(async (id: string, options: Options) => {
      const api = await openApi(terminal, options)
      const request = await requestIdOf(api, id)
      await api.call({ path: `/requests/${request}/withdraw`, body: {}, response: state, isKeyed: true })
      await printDone(terminal, api, request, options.output, `Withdrew ${request}.`)
    })
}
