// What Postern writes into a kubeconfig: a cluster, a context, and a user whose tokens the plugin fetches.
import { realpathSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
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

/** The user of a grant. The program is named in full, because kubectl may have another path. */
export function execUser(grant: string, server: string) {
  return {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: [realpathSync(process.argv[1] ?? ''), 'credential', '--grant', grant, '--server', server],
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
