import 'server-only'
import { statSync } from 'node:fs'
import {
  AuthenticationV1Api,
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
import { type ClusterAccess, loadKubeConfig } from './kubeconfig.ts'
import { tokenInUse, tokenKeyOf } from './own-token.ts'
import { openTransport, readKubeconfig, type Transport } from './transport.ts'

/**
 * A client for one cluster with Postern's own credential. Every call ends within ten seconds or fails with a
 * ClusterError.
 */
export type ClusterClient = {
  name: string
  core: CoreV1Api
  rbac: RbacAuthorizationV1Api
  authentication: AuthenticationV1Api
  authorization: AuthorizationV1Api
  version: VersionApi
  /** The JSON at a path of the API, as unparsed text. */
  get(path: string, accept?: string): Promise<string>
  /**
   * Deletes the object at a path and returns the JSON of the response, as unparsed text. The generated client returns a
   * Status without the fields of an object that a finalizer keeps.
   */
  delete(path: string, options: object): Promise<string>
  /**
   * The certificate authority that the cluster's certificate is checked against, PEM; undefined: those of the system.
   */
  certificateAuthority: string | undefined
  close(): void
}

async function open(access: ClusterAccess): Promise<ClusterClient> {
  const kubeConfig = loadKubeConfig(access)
  const user = kubeConfig.getCurrentUser()
  const renewed = tokenInUse(access.name, user?.token)
  if (user && renewed) Object.assign(user, { token: renewed.token })
  return connect(access, kubeConfig)
}

/**
 * A client for the same cluster that calls it with this token and nothing else. The caller closes it.
 * @throws ClusterError when the kubeconfig cannot be used
 */
export async function clientWithToken(access: ClusterAccess, token: string): Promise<ClusterClient> {
  const cluster = loadKubeConfig(access).getCurrentCluster()
  const kubeConfig = new KubeConfig()
  if (cluster) kubeConfig.loadFromClusterAndUser(cluster, { name: 'token', token })
  return connect(access, kubeConfig)
}

async function connect(access: ClusterAccess, kubeConfig: KubeConfig): Promise<ClusterClient> {
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
  const urlOf = (path: string) => `${server.replace(/\/$/, '')}${path}`
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    httpApi: transport.library,
  })
  return {
    name: access.name,
    core: new CoreV1Api(configuration),
    rbac: new RbacAuthorizationV1Api(configuration),
    authentication: new AuthenticationV1Api(configuration),
    authorization: new AuthorizationV1Api(configuration),
    version: new VersionApi(configuration),
    get: (path, accept) => transport.get(urlOf(path), accept),
    delete: (path, options) => transport.delete(urlOf(path), options),
    certificateAuthority: ca === undefined || ca === null ? undefined : String(ca),
    close: transport.close,
  }
}

type Cached = { key: string; client: Promise<ClusterClient> }
const cache = new Map<string, Cached>()

/** Identifies a client's configuration. A changed kubeconfig file or token yields another key, and so a new client. */
function keyOf(access: ClusterAccess): string {
  const stat = access.kubeconfig ? statSync(access.kubeconfig.file, { throwIfNoEntry: false }) : undefined
  return JSON.stringify([
    access.kubeconfig,
    access.inCluster,
    access.openAddresses,
    tokenKeyOf(access.name),
    stat?.mtimeMs,
    stat?.ino,
    stat?.size,
  ])
}

/**
 * The client for a cluster, created at first use and again when its kubeconfig file or token changes. Connections are kept
 * alive.
 * @throws ClusterError when the kubeconfig cannot be used
 */
export async function clusterClient(access: ClusterAccess): Promise<ClusterClient> {
  const key = keyOf(access)
  const known = cache.get(access.name)
  if (known?.key === key) return known.client
  const client = open(access).catch((error: unknown) => {
    if (error instanceof ClusterError) throw error
    // Only the system's error code: a parser's message quotes the file, which contains a credential.
    const why = (error as { code?: string }).code ?? 'it is not a kubeconfig file'
    throw new ClusterError('transient', `The kubeconfig for ${access.name} cannot be read (${why}).`)
  })
  cache.set(access.name, { key, client })
  client.catch(() => {
    if (cache.get(access.name)?.client === client) cache.delete(access.name)
  })
  // Running calls on the old connections may finish: they end within ten seconds.
  known?.client.then((old) => setTimeout(old.close, 15_000).unref()).catch(() => {})
  return client
}

/** Closes every connection when the process ends. */
export async function closeClusters(): Promise<void> {
  const clients = await Promise.allSettled([...cache.values()].map(({ client }) => client))
  cache.clear()
  for (const client of clients) if (client.status === 'fulfilled') client.value.close()
}
