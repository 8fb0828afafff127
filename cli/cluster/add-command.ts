import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { stringify } from 'yaml'
import { z } from 'zod'
import { visible } from '#lib/core/access/visible-text'
import { writePrivately } from '../account/folders.ts'
import { openApi } from '../account/session.ts'
import { CommandFailure } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { diagnose, type Finding, hasProblem, inLines } from './doctor.ts'
import { kubectl, type Target } from './kubectl.ts'
import { account, asYaml, neededObjects } from './objects.ts'
import { contextOption, daysBetween, type ExtentOptions, extentOf, extentOptions, kubeconfigOption } from './options.ts'
import { tokenWebhookFinding } from './token-webhook.ts'

type Options = ExtentOptions & {
  kubeconfig?: string
  context?: string
  lifetime: number
  output?: string
  print?: true
}

/** The used part of `kubectl config view --minify --flatten --raw`. */
const viewSchema = z.object({
  clusters: z
    .array(
      z.object({
        cluster: z.object({
          server: z.url(),
          'certificate-authority-data': z.string().optional(),
          'insecure-skip-tls-verify': z.boolean().optional(),
          'tls-server-name': z.string().optional(),
          'proxy-url': z.string().optional(),
        }),
      }),
    )
    .min(1),
})

const nameSchema = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)

function clusterName(text: string): string {
  if (nameSchema.safeParse(text).success) return text
  throw new InvalidArgumentError('Expected lower-case letters, digits and hyphens, such as prod-eu.')
}

/** The address of the API server, from the administrator's kubeconfig. @throws UsageError for one that isn't verified */
async function endpointOf(target: Target) {
  const view = await kubectl(target, ['config', 'view', '--minify', '--flatten', '--raw', '--output=json'])
  const parsed = viewSchema.safeParse(JSON.parse(view))
  const cluster = parsed.data?.clusters[0]?.cluster
  if (!cluster) throw new UsageError('the kubeconfig has no such context, or its cluster has no server')
  const { 'insecure-skip-tls-verify': isInsecure, ...endpoint } = cluster
  if (isInsecure)
    throw new UsageError(
      'the context skips the verification of the server’s certificate. Give it the authority instead.',
    )
  return endpoint
}

/** When a token expires, in seconds since 1970, according to itself. */
function lifetimeOf(token: string): { issued: number; expires: number } {
  const claims = z.object({ iat: z.number(), exp: z.number() })
  const { iat, exp } = claims.parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')))
  return { issued: iat, expires: exp }
}

async function checkNamespaces(target: Target, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const found = (await kubectl(target, ['get', 'namespaces', '--output=jsonpath={.items[*].metadata.name}'])).split(' ')
  const missing = names.filter((name) => !found.includes(name))
  if (missing.length) throw new UsageError(`the cluster has no namespace ${missing.join(', ')}`)
}

/** What Postern says of the token webhook of a cluster that it has already; null if this person isn't signed in to it. */
async function tokenWebhookOf(terminal: Terminal, name: string): Promise<Finding | null> {
  const { POSTERN_SERVER: server } = terminal.env
  try {
    const { call } = await openApi(terminal, server ? { server } : {})
    return await tokenWebhookFinding(call, name)
  } catch (error) {
    // A new cluster is not in postern.yaml yet, and the first one is prepared before there is a Postern to sign in to.
    if (error instanceof CommandFailure || error instanceof UsageError) return null
    throw error
  }
}

/** `postern cluster add`: exits with 1 if the cluster is prepared but something must be fixed. */
export function addCommand(terminal: Terminal): Command {
  const command = new Command('add')
    .description(
      'Prepare a cluster with your own administrator’s kubeconfig: give Postern an account, permissions and a token of ' +
        'limited lifetime, and test them. Run it again to renew the token.',
    )
    .argument('<name>', 'the name of the cluster in postern.yaml', clusterName)
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .addOption(
      new Option('--lifetime <days>', 'the lifetime of the token').argParser(daysBetween(1, 365)).default(90, '90d'),
    )
    .option('--output <file>', 'where to write Postern’s kubeconfig (default: <name>.kubeconfig)')
    .option('--print', 'only write the objects, for kubectl apply -f -; changes nothing')
  for (const option of extentOptions()) command.addOption(option)
  return command.action(async (name: string, options: Options) => {
    const extent = extentOf(options)
    const objects = neededObjects(extent)
    if (options.print) {
      terminal.stdout.write(asYaml(objects))
      return
    }
    const say = (line: string) => terminal.stderr.write(`${visible(line)}\n`)
    const endpoint = await endpointOf(options)
    await checkNamespaces(options, [...extent.namespaces, ...extent.podNamespaces])
    await kubectl(options, ['apply', '--filename=-'], asYaml(objects))
    say(`applied ${objects.length} objects`)

    const args = ['create', 'token', account.name, `--namespace=${account.namespace}`]
    const token = (await kubectl(options, [...args, `--duration=${options.lifetime * 24}h`])).trim()
    const { issued, expires } = lifetimeOf(token)
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: endpoint }],
      users: [{ name: 'postern', user: { token } }],
      contexts: [{ name, context: { cluster: name, user: 'postern' } }],
      'current-context': name,
    }
    const file = resolve(options.output ?? `${name}.kubeconfig`)
    // As a whole, because a running Postern reads it again when it changes.
    writePrivately(file, stringify(kubeconfig))
    say(`wrote ${file}, whose token expires at ${new Date(expires * 1000).toISOString()}`)
    const granted = (expires - issued) / 86_400
    if (granted < options.lifetime - 1) say(`note: the API server allows no more than ${granted.toFixed(1)} days`)

    const findings = await diagnose({ kubeconfig: file }, objects)
    const webhook = await tokenWebhookOf(terminal, name)
    if (webhook) findings.push(webhook)
    terminal.stderr.write(inLines(findings).split('\n').map(visible).join('\n'))
    terminal.exitCode = hasProblem(findings) ? 1 : 0
    const section = {
      clusters: [
        {
          name,
          kubeconfig: { file: `/etc/postern/clusters/${name}.kubeconfig` },
          publicServer: endpoint.server,
        },
      ],
    }
    say('Give the file to Postern’s workers, and add this to postern.yaml:')
    terminal.stdout.write(stringify(section))
  })
}
