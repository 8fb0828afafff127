import 'server-only'
import { statSync } from 'node:fs'
import {
  AuthorizationV1Api,
  CoreV1Api,
  createConfiguration,
  KubeConfig,
  RbacAuthorizationV1Api,
  ServerConfiguration,
  VersionApi,
} from '@kubernetes/client-node'
import { refuseBlockedAddress } from '#lib/adapters/outbound'
import { ClusterError } from './errors.ts'
import { openTransport, readKubeconfig, type Transport } from './transport.ts'

/** How to get to a cluster, as postern.yaml says it. */
export type ClusterAccess = {
  name: string
  kubeconfig?: { file: string; context?: string | undefined } | undefined
  inCluster?: true | undefined
  /** Link-local and metadata addresses that may be called all the same. */
  openAddresses?: readonly string[] | undefined
}

/** The way into one cluster as Postern itself. Every call ends within ten seconds and fails with a ClusterError. */
export type ClusterClient = {
  name: string
  core: CoreV1Api
  rbac: RbacAuthorizationV1Api
  authorization: AuthorizationV1Api
  version: VersionApi
  /** The JSON at a path of the API, as it came: text. */
  get(path: string, accept?: string): Promise<string>
  /** The authority that the cluster's certificate is checked against, PEM; undefined where the system's own are used. */
  certificateAuthority: string | undefined
  close(): void
}

function loadKubeConfig({ name, kubeconfig, inCluster }: ClusterAccess): KubeConfig {
  const kubeConfig = new KubeConfig()
  if (inCluster) {
    kubeConfig.loadFromCluster()
  } else if (kubeconfig) {
    kubeConfig.loadFromFile(kubeconfig.file)
    if (kubeconfig.context) kubeConfig.setCurrentContext(kubeconfig.context)
  }
  const cluster = kubeConfig.getCurrentCluster()
  if (!cluster) throw new ClusterError('transient', `The kubeconfig for ${name} has no such context.`)
  if (cluster.skipTLSVerify || !cluster.server.startsWith('https://')) {
    // Whoever stands in between would get Postern's own token.
    throw new ClusterError(
      'transient',
      `The kubeconfig for ${name} must use https and verify the server’s certificate.`,
    )
  }
  return kubeConfig
}

async function open(access: ClusterAccess): Promise<ClusterClient> {
  const kubeConfig = loadKubeConfig(access)
  try {
    refuseBlockedAddress(kubeConfig.getCurrentCluster()?.server ?? '', access.openAddresses ?? [])
  } catch {
    const sentence = `The kubeconfig for ${access.name} points to a link-local or metadata address, which Postern does not call.`
    throw new ClusterError('transient', sentence)
  }
  const [transport, { ca }]: [Transport, { ca?: unknown }] = await Promise.all([
    openTransport(kubeConfig, access),
    readKubeconfig(kubeConfig),
  ])
  const server = kubeConfig.getCurrentCluster()?.server ?? ''
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    httpApi: transport.library,
  })
  return {
    name: access.name,
    core: new CoreV1Api(configuration),
    rbac: new RbacAuthorizationV1Api(configuration),
    authorization: new AuthorizationV1Api(configuration),
    version: new VersionApi(configuration),
    get: (path, accept) => transport.get(`${server.replace(/\/$/, '')}${path}`, accept),
    certificateAuthority: ca === undefined || ca === null ? undefined : String(ca),
    close: transport.close,
  }
}

type Kept = { key: string; client: Promise<ClusterClient> }
const kept = new Map<string, Kept>()

/** Everything that a client was made from: another file or another content of it is another client. */
function keyOf(access: ClusterAccess): string {
  const stat = access.kubeconfig ? statSync(access.kubeconfig.file, { throwIfNoEntry: false }) : undefined
  return JSON.stringify([
    access.kubeconfig,
    access.inCluster,
    access.openAddresses,
    stat?.mtimeMs,
    stat?.ino,
    stat?.size,
  ])
}

/**
 * The client for a cluster, made at first use and again when its kubeconfig file has changed; connections are kept.
 * @throws ClusterError when the kubeconfig cannot be used
 */
export async function clusterClient(access: ClusterAccess): Promise<ClusterClient> {
  const key = keyOf(access)
  const known = kept.get(access.name)
  if (known?.key === key) return known.client
  const client = open(access).catch((error: unknown) => {
    if (error instanceof ClusterError) throw error
    // Only the system's code: a parser's message quotes the file, which holds a credential.
    const why = (error as { code?: string }).code ?? 'it is not a kubeconfig'
    throw new ClusterError('transient', `The kubeconfig for ${access.name} cannot be read (${why}).`)
  })
  kept.set(access.name, { key, client })
  client.catch(() => {
    if (kept.get(access.name)?.client === client) kept.delete(access.name)
  })
  // Calls under way on the old connections are let finish: they have ten seconds at the most.
  known?.client.then((old) => setTimeout(old.close, 15_000).unref()).catch(() => {})
  return client
}

/** Closes every connection, at the end of the process. */
export async function closeClusters(): Promise<void> {
  const clients = await Promise.allSettled([...kept.values()].map(({ client }) => client))
  kept.clear()
  for (const client of clients) if (client.status === 'fulfilled') client.value.close()
}
