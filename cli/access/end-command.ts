import { Command } from 'commander'
import { state } from '#lib/api-client/shapes'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { deleteCredential } from '../kubernetes/credential-cache.ts'
import type { Terminal } from '../terminal.ts'
import { grantIdOf, requestIdOf } from './find.ts'

/** As long as a proxy keeps a connection without data. */
const wait = '?wait=PT50S'
const timeoutMs = 60_000

const ending = (command: Command, what: string) =>
  command.argument('<id>', what).addOption(serverOption()).addOption(contextOption())

const outcome = (status: string) =>
  status === 'ended' ? 'The cluster confirmed that it is gone.' : `It is ${status}, and Postern keeps trying.`

export function releaseCommand(terminal: Terminal): Command {
  return ending(new Command('release'), 'your grant, or its request')
    .description('End your own access now.')
    .action(async (id: string, options: ServerOptions) => {
      const api = await openApi(terminal, options)
      const grant = await grantIdOf(api, id)
      deleteCredential(terminal.env, api.session, grant)
      const path = `/grants/${grant}/release${wait}`
      const { status } = await api.call({ path, body: {}, response: state, isKeyed: true, timeoutMs })
      terminal.stdout.write(`Released ${grant}. ${outcome(status)}\n`)
    })
}

export function revokeCommand(terminal: Terminal): Command {
  return ending(new Command('revoke'), 'the grant, or its request')
    .description("End another person's access now.")
    .requiredOption('--reason <text>', 'why, for the holder and the history')
    .action(async (id: string, { reason, ...options }: ServerOptions & { reason: string }) => {
      const api = await openApi(terminal, options)
      const grant = await grantIdOf(api, id)
      const path = `/grants/${grant}/revoke${wait}`
      const { status } = await api.call({ path, body: { reason }, response: state, isKeyed: true, timeoutMs })
      terminal.stdout.write(`Revoked ${grant}. ${outcome(status)}\n`)
    })
}

export function withdrawCommand(terminal: Terminal): Command {
  return ending(new Command('withdraw'), 'your request')
    .description('Withdraw your own request while it is pending.')
    .action(async (id: string, options: ServerOptions) => {
      const api = await openApi(terminal, options)
      const request = await requestIdOf(api, id)
      await api.call({ path: `/requests/${request}/withdraw`, body: {}, response: state, isKeyed: true })
      terminal.stdout.write(`Withdrew ${request}.\n`)
    })
}
