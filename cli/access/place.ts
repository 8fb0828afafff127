// Where a permission is checked: a cluster, a namespace, and whose access.
import type { Command } from 'commander'
import { currentContext } from '../kubernetes/kubeconfig-files.ts'
import type { Api } from '../server/api.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { clusterOfContext } from './from-paste.ts'

export type PlaceOptions = { as?: string; cluster?: string; namespace?: string; allNamespaces?: true }

export type Place = { cluster: string; namespace: string; person?: string }

/** @throws UsageError if neither the options nor the kubeconfig name a cluster */
export async function placeOf(api: Api, terminal: Terminal, options: PlaceOptions): Promise<Place> {
  const context = currentContext(terminal.env)
  const cluster = options.cluster ?? (await clusterOfContext(api, context))
  if (!cluster) throw new UsageError('Name the cluster with --cluster.')
  const current = context ? (context.namespace ?? 'default') : ''
  const namespace = options.allNamespaces ? '' : (options.namespace ?? current)
  return { cluster, namespace, ...(options.as ? { person: options.as } : {}) }
}

export const withPlaceOptions = (command: Command): Command =>
  command
    .option('--as <person>', 'someone else, by e-mail address or subject; only for auditors and admins')
    .option('--cluster <name>', 'the cluster (default: that of the kubeconfig’s context)')
    .option('-n, --namespace <name>', 'the namespace (default: that of the kubeconfig’s context)')
    .option('-A, --all-namespaces', 'in the whole cluster')
