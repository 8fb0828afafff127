import { Command } from 'commander'
import { fieldsOf, type OutputFormat, outputOption, print } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { contextOption, openApi, type ServerOptions, serverOption, tokenSource } from './session.ts'

type Options = ServerOptions & { output: OutputFormat }

async function whoami(terminal: Terminal, options: Options) {
  const api = await openApi(terminal, options)
  const { me } = await import('#lib/api-client/shapes')
  const found = await api.call({ path: '/me', response: me })
  const { name, email, emailVerified, subject, issuer, groups, groupsProblem, roles, claims, version } = found
  await print(terminal, options.output, {
    data: { ...found, server: api.session.server, context: api.session.context },
    names: [email ?? subject],
    text: () =>
      fieldsOf([
        ['Name', name],
        ['E-mail', email && `${email}${emailVerified ? '' : ' (not verified)'}`],
        ['Subject', `${subject} at ${issuer}`],
        ['Groups', `${groups.join(', ') || 'none'}${claims.groups ? ` (claim ${claims.groups})` : ''}`],
        ['Problem', groupsProblem && `the identity provider sent no list of groups: ${groupsProblem}`],
        ['Roles', roles.join(', ') || 'none'],
        ['Server', `${api.session.server}${version ? ` (Postern ${version})` : ''}`],
        ['Context', api.session.context],
        ['Signed in by', tokenSource(terminal, api.session)],
      ]),
  })
}

export function whoamiCommand(terminal: Terminal): Command {
  return new Command('whoami')
    .description('Show who the server thinks you are: identity, groups, and roles; and its version.')
    .addOption(serverOption())
    .addOption(contextOption())
    .addOption(outputOption())
    .action((options: Options) => whoami(terminal, options))
}
