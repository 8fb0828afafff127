import { Command } from 'commander'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { line, note } from '../output.ts'
import { programName } from '../program-name.ts'
import { serverOrigin } from '../server/address.ts'
import type { Terminal } from '../terminal.ts'
import { changeContexts, checkContextName, contextNameOf, readContexts, storeSignIn, tokensFile } from './contexts.ts'
import { hasBrowser, openBrowser } from './open-browser.ts'
import { openApi } from './session.ts'

type Options = { context?: string; device?: true; browser: boolean }

/** The server of the argument, or that of the context that is signed in again. */
function serverOf(server: string | undefined, { context }: Options, { env }: Terminal): string {
  if (server ?? env.POSTERN_SERVER) return serverOrigin(server ?? env.POSTERN_SERVER ?? '')
  const { current, servers } = readContexts(env)
  const known = servers[context ?? current ?? '']
  if (known) return known
  throw new CommandFailure(exitCodes.usage, `Name the server: ${programName} login https://postern.example.com`)
}

async function login(terminal: Terminal, argument: string | undefined, options: Options) {
  const { env } = terminal
  const server = serverOf(argument, options, terminal)
  const contexts = readContexts(env)
  const known = Object.entries(contexts.servers).find(([, url]) => url === server)?.[0]
  const context = checkContextName(options.context ?? known ?? contextNameOf(server))
  const { findProvider, hasDeviceFlow, signInWithBrowser, signInWithCode } = await import('./sign-in.ts')
  const { me } = await import('#lib/api-client/shapes')
  const provider = await findProvider(server)
  const usesCode = options.device || (options.browser && !hasBrowser(env) && hasDeviceFlow(provider))
  if (options.device && !hasDeviceFlow(provider))
    throw new CommandFailure(exitCodes.refused, 'The identity provider has no sign-in with a code. Leave out --device.')
  const tokens = usesCode
    ? await signInWithCode(provider, ({ url, code }) =>
        note(terminal, `Open ${url} on any device, and enter the code ${code}`),
      )
    : await signInWithBrowser(provider, (url) => {
        note(terminal, `Sign in with your browser:\n${url}`)
        if (options.browser && hasBrowser(env)) openBrowser(env, url)
      })
  const noKeyring = await storeSignIn(env, context, tokens)
  await changeContexts(env, ({ servers }) => ({ current: context, servers: { ...servers, [context]: server } }))
  const api = await openApi({ ...terminal, env: { ...env, POSTERN_TOKEN: undefined } }, { context })
  const { name, email } = await api.call({ path: '/me', response: me })
  terminal.stdout.write(`Signed in to ${server} as ${line(email ?? name)}.\n`)
  const file = tokensFile(env, context)
  note(
    terminal,
    noKeyring === null
      ? `The refresh token is in the keyring of the system, and the access token in ${file}, which only you can read.`
      : `The sign-in is stored in ${file}, which only you can read, and not in the keyring of the system: ${noKeyring}.`,
  )
}

export function loginCommand(terminal: Terminal): Command {
  return new Command('login')
    .description('Sign in to a Postern server, with a browser or with a code.')
    .argument('[server]', 'URL of the server (default: the current one)')
    .option('--context <name>', 'how to call this server (default: its host)')
    .option('--device', 'show a code to enter on any device, instead of opening a browser')
    .option('--no-browser', 'print the address, and open nothing')
    .addHelpText(
      'after',
      '\nWithout a display, or in an SSH session, a code is shown if the identity provider supports that.\n' +
        'The refresh token is stored in the keyring of the system. Where there is none, and with POSTERN_KEYRING=off, it is\n' +
        'in a file that only you can read.\n' +
        'Machines need no sign-in: set POSTERN_SERVER and POSTERN_TOKEN.',
    )
    .action((server: string | undefined, options: Options) => login(terminal, server, options))
}
