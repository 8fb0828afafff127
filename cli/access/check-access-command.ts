import { Command } from 'commander'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { exitCodes } from '../exit-codes.ts'
import { currentContext } from '../kubernetes/kubeconfig-files.ts'
import { line, lines, type OutputFormat, outputOption, print } from '../output.ts'
import { type Explanation, explanation } from '../server/shapes.ts'
import type { Paint, Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { clusterOfContext } from './from-paste.ts'
import { clock } from './words.ts'

type Options = ServerOptions & {
  as?: string
  cluster?: string
  namespace?: string
  allNamespaces?: true
  output: OutputFormat
}

/** `deployments.apps/scale` as the parts of a rule; a path such as `/metrics` as itself. */
function targetOf(text: string): Record<string, string> {
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
  const answer = { true: paint('green', 'Yes.'), false: paint('red', 'No.'), null: paint('yellow', 'Not known.') }
  const rows = [
    ...ways.map((way) => `by ${chainOf(way)}`),
    ...grants.map(
      ({ title, requestId, expiresAt }) => `by own access: ${title} until ${clock(expiresAt)} (${requestId})`,
    ),
    ...dangling.map((link) => `without effect, because the role does not exist: ${chainOf(link)}`),
    ...hints,
    ...(allowed === true ? [] : entitlements.map(({ name, title }) => `to request: ${name} (${title})`)),
  ]
  const when = asOf === null ? '' : paint('dim', `Read from the cluster at ${clock(asOf)}.\n`)
  return `${answer[`${allowed}`]} ${lines(found.why)}\n${rows.map((row) => `  ${line(row, 400)}\n`).join('')}${when}`
}

async function checkAccess(terminal: Terminal, verb: string, target: string, name = '', options: Options) {
  const api = await openApi(terminal, options)
  const context = currentContext(terminal.env)
  const cluster = options.cluster ?? (await clusterOfContext(api, context))
  if (!cluster) throw new UsageError('Name the cluster with --cluster.')
  const current = context ? (context.namespace ?? 'default') : ''
  const namespace = options.allNamespaces ? '' : (options.namespace ?? current)
  const parts = targetOf(target)
  const query = new URLSearchParams({
    ...{ cluster, verb, ...parts },
    ...(parts.path === undefined ? { name, namespace } : {}),
    ...(options.as ? { person: options.as } : {}),
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
  return new Command('check-access')
    .description('Show whether a person may do something in a cluster, by which binding, or what to request.')
    .argument('<verb>', 'as in Kubernetes: get, list, patch …; for a path the HTTP method in lower case')
    .argument('<resource>', 'such as pods, pods/log or deployments.apps/scale; or a path such as /metrics')
    .argument('[name]', 'the name of the object (default: any)')
    .option('--as <person>', 'someone else, by e-mail address or subject; only for auditors and admins')
    .option('--cluster <name>', 'the cluster (default: that of the kubeconfig’s context)')
    .option('-n, --namespace <name>', 'the namespace (default: that of the kubeconfig’s context)')
    .option('-A, --all-namespaces', 'in the whole cluster')
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
