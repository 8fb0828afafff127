import { Command } from 'commander'
import { type Document, isMap, isSeq } from 'yaml'
import { type RequestState, requestPage } from '#lib/api-client/shapes'
import { requestIdOf } from '../access/find.ts'
import { readRequest } from '../access/wait.ts'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { line, note } from '../output.ts'
import { programName } from '../program-name.ts'
import type { Api } from '../server/api.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { clusterFrom, kubeconfigFor } from './entries.ts'
import { issue } from './issue.ts'
import { backupOf, changeKubeconfig, kubeconfigFiles } from './kubeconfig-files.ts'

type Options = ServerOptions & { kubeconfig?: string; use?: true }

/**
 * It has the namespaces, so that a name never moves to access in other namespaces.
 * NB: names come from the server, and become names in a file that other programs read.
 */
const nameOf = ({ cluster, entitlement, namespaces }: RequestState) =>
  `postern/${cluster}/${entitlement}/${namespaces.join('+')}`.replace(/[^A-Za-z0-9./_+-]/g, '_').slice(0, 200)

type Entries = ReturnType<typeof kubeconfigFor>

/** Replaces the entries with the same name, and adds those that are new. */
export function merge(document: Document, { clusters, contexts, users }: Entries) {
  const lists = { clusters, contexts, users }
  for (const [key, added] of Object.entries(lists)) {
    const list = document.get(key)
    if (!isSeq(list)) {
      document.set(key, document.createNode(added))
      continue
    }
    list.items = list.items.filter((item) => !(isMap(item) && added.some(({ name }) => item.get('name') === name)))
    for (const one of added) list.add(document.createNode(one))
  }
}

/** The file that gets new contexts: as in kubectl, the first one. */
const fileFor = (terminal: Terminal, { kubeconfig }: Pick<Options, 'kubeconfig'>) =>
  kubeconfig ?? kubeconfigFiles(terminal.env)[0] ?? ''

/** Writes one context for each of these requests, whose access is active. */
export async function writeContexts(terminal: Terminal, api: Api, requests: readonly RequestState[], options: Options) {
  const names = new Map<string, number>()
  const written: { name: string; entries: Entries }[] = []
  for (const request of requests) {
    const grant = request.grant?.id ?? ''
    const count = (names.get(nameOf(request)) ?? 0) + 1
    names.set(nameOf(request), count)
    const name = count > 1 ? `${nameOf(request)}-${count}` : nameOf(request)
    const { kubeconfig } = await issue(terminal, api, grant)
    const place = { cluster: clusterFrom(kubeconfig), namespace: request.namespaces[0] ?? null }
    written.push({ name, entries: kubeconfigFor({ name, ...place, grant, server: api.session.server }) })
  }
  const file = fileFor(terminal, options)
  const [first] = written
  changeKubeconfig(file, (document) => {
    for (const { entries } of written) merge(document, entries)
    if (options.use && first) document.set('current-context', first.name)
  })
  for (const { name } of written) terminal.stdout.write(`${name}\n`)
  note(terminal, `Written to ${file}. The old text, if there was any, is in ${backupOf(file)}.`)
  if (!options.use && first) note(terminal, `Use it: kubectl config use-context ${line(first.name)}`)
}

async function write(terminal: Terminal, ids: readonly string[], options: Options) {
  const api = await openApi(terminal, options)
  const requests =
    ids.length > 0
      ? await Promise.all(ids.map(async (id) => readRequest(api, await requestIdOf(api, id))))
      : (await api.call({ path: '/requests?role=mine&status=approved&limit=100', response: requestPage })).items
  const active = requests.filter(({ grant }) => grant?.status === 'active')
  if (active.length === 0)
    throw new CommandFailure(exitCodes.refused, `You have no active access. Request it: ${programName} request --help`)
  if (options.use && active.length > 1) throw new UsageError('Name the grant to switch to: --use needs exactly one.')
  await writeContexts(terminal, api, active, options)
}

export function kubeconfigCommand(terminal: Terminal): Command {
  return new Command('kubeconfig')
    .description(
      'Write a kubeconfig context for each of your active grants. Its tokens are fetched when they are needed.',
    )
    .argument('[ids...]', 'grants or requests (default: all that are active)')
    .option('--kubeconfig <file>', 'the file to change (default: the first in KUBECONFIG, or ~/.kube/config)')
    .option('--use', 'switch to the context')
    .addOption(serverOption())
    .addOption(contextOption())
    .action((ids: string[], options: Options) => write(terminal, ids, options))
}
