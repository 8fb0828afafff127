import { join } from 'node:path'
import { checkout } from '#local/processes/places'
import { freePort, freePorts } from '#local/processes/ports'
import { type Part, type Run, waitUntil } from '#local/processes/processes'
import { httpsGet } from '#local/programs/https-get'
import type { ClusterPrograms } from '#local/programs/programs'
import { type Certificates, ensureCertificates } from './certificates.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import type { Cluster } from './kubectl.ts'
import { startTlsRelay } from './tls-relay.ts'

export type Kubernetes = Cluster & {
  caFile: string
  /** The API server's audit log, one JSON event per line. */
  auditLog: string
  certificates: Certificates
  port: number
  stop(): Promise<void>
}

export type KubernetesOptions = {
  /** The cluster's name in kubeconfigs and in postern.yaml. */
  name: string
  directory: string
  /** Sync each write to disk and shut down gracefully. Otherwise the data is only good for one run. */
  durable: boolean
  programs: ClusterPrograms
  /** The preferred port of the API server. */
  port?: number
  /** Where the API server sends its audit events, in addition to its log. */
  auditWebhook?: AuditWebhook
  /** Where the API server sends TokenReviews. */
  tokenWebhook?: TokenWebhook
  /** Real nodes join it (local/node): with the controllers that they need. */
  withNodes?: boolean
  /** Its controller manager signs approved CertificateSigningRequests. */
  signsCertificates?: boolean
  /** An AuthenticationConfiguration. */
  authenticationConfig?: string
  /** An AdmissionConfiguration. */
  admissionConfig?: string
}

/** `url` is that of a program on this machine, over plain HTTP. */
export type AuditWebhook = { url: string; token: string }

/** `cacheTtl` as the API server's flag takes it, such as `1s`. */
export type TokenWebhook = { url: string; token: string; cacheTtl: string }

/** The flags of docs/token-webhook.md. */
function tokenWebhookFlags(server: string, { token, cacheTtl }: TokenWebhook, caFile: string, directory: string) {
  const file = join(directory, 'token-webhook.kubeconfig')
  return {
    'authentication-token-webhook-config-file': writeKubeconfig(file, { name: 'postern', server, caFile }, { token }),
    'authentication-token-webhook-version': 'v1',
    'authentication-token-webhook-cache-ttl': cacheTtl,
  }
}

/** In batches, as soon as possible. A receiver that does not answer yet is called again. */
function webhookFlags(server: string, token: string, caFile: string, directory: string): Record<string, string> {
  const file = join(directory, 'audit-webhook.kubeconfig')
  return {
    'audit-webhook-config-file': writeKubeconfig(file, { name: 'postern', server, caFile }, { token }),
    'audit-webhook-mode': 'batch',
    'audit-webhook-batch-max-size': '100',
    'audit-webhook-batch-max-wait': '1s',
    'audit-webhook-initial-backoff': '1s',
    'audit-webhook-truncate-enabled': 'true',
  }
}

/** Turns names and values into command-line flags. */
export const flags = (options: Record<string, string>): string[] =>
  Object.entries(options).map(([name, value]) => `--${name}=${value}`)

/**
 * The controllers that a cluster without nodes needs. The first aggregates the rules of `view`, `edit` and `admin`; the
 * second removes deleted namespaces.
 */
const controllers = [
  'clusterrole-aggregation-controller',
  'namespace-controller',
  'serviceaccount-controller',
  'garbage-collector-controller',
  'deployment-controller',
  'replicaset-controller',
  'root-ca-certificate-publisher-controller',
]

const nodeControllers = [
  'job-controller',
  'endpointslice-controller',
  'disruption-controller',
  'resourcequota-controller',
  'node-lifecycle-controller',
  'taint-eviction-controller',
  'pod-garbage-collector-controller',
]

async function startEtcd(run: Run, certificates: Certificates, options: KubernetesOptions): Promise<[Part, string]> {
  const [client, peer] = (await freePorts(2)).map((port) => `https://127.0.0.1:${port}`)
  const { etcd, etcdCa } = certificates
  const part = await run.start({
    name: 'etcd',
    command: options.programs.etcd,
    args: flags({
      name: 'local',
      'data-dir': join(options.directory, 'etcd'),
      'listen-client-urls': `${client}`,
      'advertise-client-urls': `${client}`,
      'listen-peer-urls': `${peer}`,
      'initial-advertise-peer-urls': `${peer}`,
      'initial-cluster': `local=${peer}`,
      // Without client certificates every user of this machine could read and change the whole cluster.
      'client-cert-auth': 'true',
      'trusted-ca-file': etcdCa,
      'cert-file': etcd.cert,
      'key-file': etcd.key,
      'peer-client-cert-auth': 'true',
      'peer-trusted-ca-file': etcdCa,
      'peer-cert-file': etcd.cert,
      'peer-key-file': etcd.key,
      'unsafe-no-fsync': String(!options.durable),
      'log-level': 'warn',
    }),
    ending: { signal: options.durable ? 'SIGTERM' : 'SIGKILL', graceMs: 5000 },
    ready: async () => (await httpsGet(`${client}/health`, { ca: etcdCa, ...etcd })).body.includes('"health":"true"'),
  })
  return [part, `${client}`]
}

async function startApiServer(run: Run, certificates: Certificates, etcdUrl: string, options: KubernetesOptions) {
  const { server, ca, etcd, etcdCa, admin, kubeletClient, serviceAccounts } = certificates
  const port = await freePort(options.port)
  const url = `https://127.0.0.1:${port}`
  const auditLog = join(options.directory, 'audit.log')
  const { auditWebhook: webhook } = options
  const relay = webhook && (await startTlsRelay(webhook.url, server))
  if (relay) run.onStop(relay.stop)
  const { tokenWebhook } = options
  const tokenRelay = tokenWebhook && (await startTlsRelay(tokenWebhook.url, server))
  if (tokenRelay) run.onStop(tokenRelay.stop)
  const part = await run.start({
    name: 'kube-apiserver',
    command: options.programs.apiserver,
    args: flags({
      'etcd-servers': etcdUrl,
      'etcd-cafile': etcdCa,
      'etcd-certfile': etcd.cert,
      'etcd-keyfile': etcd.key,
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'secure-port': String(port),
      'tls-cert-file': server.cert,
      'tls-private-key-file': server.key,
      'client-ca-file': ca,
      'kubelet-certificate-authority': ca,
      'kubelet-client-certificate': kubeletClient.cert,
      'kubelet-client-key': kubeletClient.key,
      'service-account-key-file': serviceAccounts.public,
      'service-account-signing-key-file': serviceAccounts.key,
      // Not the server's URL: tokens must stay valid after a restart on another port.
      'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
      'service-cluster-ip-range': '10.0.0.0/24',
      // The cluster has no network, so the `kubernetes` Service needs no endpoints.
      'endpoint-reconciler-type': 'none',
      ...(options.withNodes
        ? {
            'authorization-mode': 'Node,RBAC',
            'enable-admission-plugins': 'NodeRestriction',
            'kubelet-preferred-address-types': 'Hostname',
          }
        : { 'authorization-mode': 'RBAC' }),
      'audit-policy-file': join(checkout, 'local/kubernetes/audit-policy.yaml'),
      'audit-log-path': auditLog,
      // In megabytes. Tests read the log from its beginning, and their clusters are gone soon.
      'audit-log-maxsize': options.durable ? '100' : '4000',
      'audit-log-maxbackup': '2',
      ...(relay &&
        webhook &&
        webhookFlags(`${relay.origin}${new URL(webhook.url).pathname}`, webhook.token, ca, options.directory)),
      ...(tokenRelay &&
        tokenWebhook &&
        tokenWebhookFlags(
          `${tokenRelay.origin}${new URL(tokenWebhook.url).pathname}`,
          tokenWebhook,
          ca,
          options.directory,
        )),
      profiling: 'false',
      ...(options.authenticationConfig ? { 'authentication-config': options.authenticationConfig } : {}),
      ...(options.admissionConfig ? { 'admission-control-config-file': options.admissionConfig } : {}),
    }),
    // All state is in etcd, so a kill that does not wait for open watches loses nothing.
    ending: { signal: options.durable ? 'SIGTERM' : 'SIGKILL', graceMs: 2000 },
    ready: async () => (await httpsGet(`${url}/readyz`, { ca, ...admin })).status === 200,
  })
  return { part, url, port, auditLog }
}

async function startControllerManager(
  run: Run,
  program: string,
  kubernetes: Omit<Kubernetes, 'stop'>,
  { directory, withNodes, signsCertificates }: KubernetesOptions,
) {
  const { ca, caKey, serviceAccounts, controllerManager, admin } = kubernetes.certificates
  const kubeconfig = writeKubeconfig(join(directory, 'controller-manager.kubeconfig'), kubernetes, {
    clientCertificate: controllerManager.cert,
    clientKey: controllerManager.key,
  })
  const part = await run.start({
    name: 'kube-controller-manager',
    command: program,
    args: flags({
      kubeconfig,
      // Each controller uses its own ServiceAccount: the manager's own user has none of their permissions.
      'use-service-account-credentials': 'true',
      'leader-elect': 'false',
      'secure-port': '0',
      'service-account-private-key-file': serviceAccounts.key,
      'root-ca-file': ca,
      ...(signsCertificates ? { 'cluster-signing-cert-file': ca, 'cluster-signing-key-file': caKey } : {}),
      controllers: [
        ...controllers,
        ...(withNodes ? nodeControllers : []),
        ...(signsCertificates ? ['certificatesigningrequest-signing-controller'] : []),
      ].join(','),
    }),
    ending: { signal: 'SIGKILL', graceMs: 0 },
    ready: async () => true,
  })
  await waitUntil('the ClusterRoles view, edit and admin to have rules', 60_000, async () => {
    const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
    const roles = await Promise.all(
      ['view', 'edit', 'admin'].map((role) => httpsGet(`${kubernetes.server}${path}/${role}`, { ca, ...admin })),
    )
    return roles.every(({ status, body }) => status === 200 && (JSON.parse(body).rules ?? []).length > 0)
  })
  return part
}

/**
 * Starts a small real cluster on 127.0.0.1: etcd, kube-apiserver and, if available, kube-controller-manager. It has no
 * nodes; RBAC, tokens, admission and audit are all in the API server. Resolves when the API server is ready and the
 * aggregated ClusterRoles have their rules.
 */
export async function startKubernetes(run: Run, options: KubernetesOptions): Promise<Kubernetes> {
  const { name, directory, programs } = options
  const certificates = await ensureCertificates(join(directory, 'certificates'), options.signsCertificates)
  const [etcd, etcdUrl] = await startEtcd(run, certificates, options)
  const apiServer = await startApiServer(run, certificates, etcdUrl, options)
  const endpoint = { name, server: apiServer.url, caFile: certificates.ca }
  const adminKubeconfig = writeKubeconfig(join(directory, 'admin.kubeconfig'), endpoint, {
    clientCertificate: certificates.admin.cert,
    clientKey: certificates.admin.key,
  })
  const kubernetes = {
    ...endpoint,
    adminKubeconfig,
    adminContext: name,
    scratch: directory,
    kubectl: programs.kubectl,
    auditLog: apiServer.auditLog,
    certificates,
    port: apiServer.port,
  }
  const parts = [apiServer.part, etcd]
  if (programs.controllerManager) {
    parts.unshift(await startControllerManager(run, programs.controllerManager, kubernetes, options))
  }
  return {
    ...kubernetes,
    stop: async () => {
      for (const part of parts) await part.stop()
    },
  }
}
