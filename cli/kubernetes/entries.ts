// What Postern writes into a kubeconfig: a cluster, a context, and a user whose tokens the plugin fetches.
import { realpathSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { isExecutable } from '../package-file.ts'
import { isLoopback } from '../server/address.ts'

const sent = z.object({
  clusters: z
    .array(z.object({ cluster: z.object({ server: z.url(), 'certificate-authority-data': z.base64().optional() }) }))
    .length(1),
})

export type Cluster = z.output<typeof sent>['clusters'][0]['cluster']

/**
 * The address of a cluster and its authority, from the kubeconfig that the server sent. NB: nothing else of it is used:
 * a kubeconfig can name programs to run.
 */
export function clusterFrom(kubeconfig: string): Cluster {
  const parsed = sent.safeParse(parse(kubeconfig, { maxAliasCount: 0 }))
  const cluster = parsed.data?.clusters[0]?.cluster
  const url = cluster && new URL(cluster.server)
  if (!cluster || !url || !(url.protocol === 'https:' || isLoopback(url)))
    throw new CommandFailure(exitCodes.unreachable, 'The server sent a kubeconfig that this version cannot use.')
  return cluster
}

/** This program in full, because kubectl may have another path. */
function ownCommand(): [program: string, ...args: string[]] {
  const called = process.argv[1] ?? ''
  if (!isExecutable()) return [process.execPath, realpathSync(called)]
  // NB: not what a link leads to: krew keeps each version in a folder of its own, and deletes those before it.
  return [isAbsolute(called) ? called : process.execPath]
}

/** The user of a grant. */
export function execUser(grant: string, server: string) {
  const [command, ...args] = ownCommand()
  return {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command,
      args: [...args, 'credential', '--grant', grant, '--server', server],
      interactiveMode: 'Never',
      provideClusterInfo: false,
    },
  }
}

type Entry = { name: string; cluster: Cluster; namespace: string | null; grant: string; server: string }

/** A whole kubeconfig for one grant. */
export const kubeconfigFor = ({ name, cluster, namespace, grant, server }: Entry) => ({
  ...{ apiVersion: 'v1', kind: 'Config', 'current-context': name },
  clusters: [{ name, cluster }],
  contexts: [{ name, context: { cluster: name, user: name, ...(namespace ? { namespace } : {}) } }],
  users: [{ name, user: execUser(grant, server) }],
})
