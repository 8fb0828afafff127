import { Command } from 'commander'
import type { OwnSession } from '#lib/api-client/shapes'
import { clock } from '../access/words.ts'
import { fieldsOf, type OutputFormat, outputOption, print } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { contextOption, openApi, type ServerOptions, serverOption, tokenSource } from './session.ts'

type Options = ServerOptions & { output: OutputFormat }

/** `signed in 20:40 from 192.0.2.7, expires 21:40` */
const sessionText = ({ startedAt, expiresAt, clientAddress }: OwnSession): string =>
  `signed in ${clock(startedAt)}${clientAddress ? ` from ${clientAddress}` : ''}, expires ${clock(expiresAt)}`

async function whoami(terminal: Terminal, options: Options) {
  const api = await openApi(terminal, options)
  const { me } = await import('#lib/api-client/shapes')
  const found = await api.call({ path: '/me', response: me })
  const { name, email, emailVerified, subject, issuer, groups, groupsProblem, roles, claims, version, sessions } = found
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
        ['Browsers', sessions && (sessions.length > 0 ? sessions.map(sessionText) : 'no session')],
        ['Signed in by', tokenSource(terminal, api.session)],
      ]),
  })
}

export function whoamiCommand(terminal: Terminal): Command {
  return new Command('whoami')
    .description('Show who the server thinks you are: identity, groups, roles and sessions; and its version.')
    .addOption(serverOption())
    .addOption(contextOption())
    .addOption(outputOption())
    .action((options: Options) => whoami(terminal, options))
}
