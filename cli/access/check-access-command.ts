import { Command } from 'commander'
import { type Explanation, explanation } from '#lib/api-client/shapes'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { exitCodes } from '../exit-codes.ts'
import { line, lines, type OutputFormat, outputOption, print } from '../output.ts'
import type { Paint, Terminal } from '../terminal.ts'
import { type PlaceOptions, placeOf, withPlaceOptions } from './place.ts'
import { clock } from './words.ts'

type Options = ServerOptions & PlaceOptions & { output: OutputFormat }

/** `deployments.apps/scale` as the parts of a rule; a path such as `/metrics` as itself. */
export function targetOf(text: string): Record<string, string> {
  if (text.startsWith('/')) return { path: text }
  const [typed = '', subresource = ''] = text.split(/\/(.*)/s)
  const [resource = '', group = ''] = typed.split(/\.(.*)/s)
  return { resource, group, subresource }
}

type Link = Explanation['ways'][number]

function chainOf({ binding, role }: Link): string {
  const where = binding.namespace === null ? '' : ` in ${binding.namespace}`
  return `${binding.kind} ${binding.name}${where} -> ${role.kind} ${role.name}`
}

function answerText(found: Explanation, paint: Paint): string {
  const { allowed, ways, grants, dangling, hints, entitlements, asOf } = found
  const isGranted = allowed !== true && grants.length > 0
  const answer = { true: paint('green', 'Yes.'), false: paint('red', 'No.'), null: paint('yellow', 'Not known.') }
  const rows = [
    ...ways.map((way) => `by ${chainOf(way)}`),
    ...grants.map(
      ({ title, requestId, expiresAt }) => `by own access: ${title} until ${clock(expiresAt)} (${requestId})`,
    ),
    ...dangling.map((link) => `without effect, because the role does not exist: ${chainOf(link)}`),
    ...hints,
    ...(isGranted ? [`without it: ${found.why}`] : []),
    ...(allowed === true || isGranted ? [] : entitlements.map(({ name, title }) => `to request: ${name} (${title})`)),
  ]
  const when = asOf === null ? '' : paint('dim', `Read from the cluster at ${clock(asOf)}.\n`)
  const head = isGranted ? `${answer.true} Postern granted the access.` : `${answer[`${allowed}`]} ${lines(found.why)}`
  return `${head}\n${rows.map((row) => `  ${line(row, 400)}\n`).join('')}${when}`
}

async function checkAccess(terminal: Terminal, verb: string, target: string, name = '', options: Options) {
  const api = await openApi(terminal, options)
  const { namespace, ...place } = await placeOf(api, terminal, options)
  const parts = targetOf(target)
  const query = new URLSearchParams({
    ...{ ...place, verb, ...parts },
    ...(parts.path === undefined ? { name, namespace } : {}),
  })
  const found = await api.call({ path: `/access/explain?${query}`, response: explanation })
  await print(terminal, options.output, {
    data: found,
    names: found.entitlements.map((entitlement) => entitlement.name),
    text: (paint) => answerText(found, paint),
  })
  if (found.allowed !== true && found.grants.length === 0) terminal.exitCode = exitCodes.refused
}

export function checkAccessCommand(terminal: Terminal): Command {
  const command = new Command('check-access')
    .description('Show whether a person may do something in a cluster, by which binding, or what to request.')
    .argument('<verb>', 'as in Kubernetes: get, list, patch …; for a path the HTTP method in lower case')
    .argument('<resource>', 'such as pods, pods/log or deployments.apps/scale; or a path such as /metrics')
    .argument('[name]', 'the name of the object (default: any)')
  return withPlaceOptions(command)
    .addOption(serverOption())
    .addOption(contextOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nThe exit code is 0 if it is allowed, also by access that Postern granted, and otherwise 1.',
    )
    .action((verb: string, resource: string, name: string | undefined, options: Options) =>
      checkAccess(terminal, verb, resource, name, options),
    )
}
