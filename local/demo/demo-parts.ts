import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Identity, startIdentity } from '#local/parts/identity'
import { installPostern } from '#local/parts/install'
import type { Cluster } from '#local/parts/kubectl'
import { startKubernetes } from '#local/parts/kubernetes'
import { type MailServer, startMailServer } from '#local/parts/mail-server'
import { openOwnCluster } from '#local/parts/own-cluster'
import { startPods } from '#local/parts/pods'
import { type Postgres, startPostgres } from '#local/parts/postgres'
import { allowPosternIn, createWorld, worldNamespaces } from '#local/parts/world'
import type { Run } from '#local/processes/processes'
import { step } from '#local/processes/steps'
import {
  ensureClusterPrograms,
  ensureKubectl,
  ensurePodPrograms,
  kubernetesVersion,
  type PodPrograms,
} from '#local/programs/programs'
import { demoConfiguration } from './demo-configuration.ts'
import { migrateDemo } from './demo-database.ts'
import { type DemoState, writePrivately } from './demo-state.ts'

export type OwnCluster = { kubeconfig: string; context: string }

export type DemoParts = {
  postgres: Postgres
  identity: Identity
  mail: MailServer
  cluster: Cluster
  /** Postern's own kubeconfig. */
  posternKubeconfig: string
  /** The text of postern.yaml. */
  configuration(lapseAfter: string): string
}

async function startDatabase(run: Run, state: DemoState): Promise<Postgres> {
  const postgres = await step(
    'PostgreSQL',
    () => startPostgres(run, { directory: state.databaseDirectory, durable: true, port: state.ports.postgres }),
    ({ port }) => `on port ${port}`,
  )
  state.ports.postgres = postgres.port
  await step('database schema', () => migrateDemo(postgres.ownerUrl))
  return postgres
}

/** The token with which the demo's API server sends its audit events: a new one at each start. */
const auditTokenFile = (state: DemoState) => join(state.directory, 'audit-token')

async function startLocalCluster(run: Run, state: DemoState, publicUrl: string): Promise<[Cluster, string]> {
  const token = randomBytes(32).toString('base64url')
  writePrivately(auditTokenFile(state), token)
  // Postern starts later, on this machine.
  const auditUrl = new URL('/api/v1/clusters/prod-eu/audit', publicUrl.replace('localhost', '127.0.0.1'))
  const programs = await step('Kubernetes programs', ensureClusterPrograms, () => kubernetesVersion())
  const podPrograms = await step('programs that simulate running pods', ensurePodPrograms, (found) =>
    found ? 'kwok' : 'not available',
  )
  const cluster = await step(
    'Kubernetes: etcd, API server, controllers',
    () =>
      startKubernetes(run, {
        name: 'prod-eu',
        directory: join(state.directory, 'kubernetes'),
        durable: true,
        programs,
        port: state.ports.kubernetes,
        auditWebhook: { url: auditUrl.href, token },
      }),
    ({ server }) => server,
  )
  state.ports.kubernetes = cluster.port
  const directory = join(state.directory, 'pods')
  const startNode = (found: PodPrograms) =>
    step('a simulated node for the pods (logs work, exec does not)', () => startPods(run, cluster, found, directory))
  const [kubeconfig] = await Promise.all([install(cluster, state), podPrograms && startNode(podPrograms)])
  return [cluster, kubeconfig]
}

async function openTheirCluster(own: OwnCluster, state: DemoState): Promise<[Cluster, string]> {
  const kubectl = await step('kubectl', ensureKubectl, (path) => path)
  const cluster = await step(
    `your cluster, context ${own.context}`,
    () => openOwnCluster({ ...own, kubectl, name: 'prod-eu', scratch: join(state.directory, 'own-cluster') }),
    ({ server }) => server,
  )
  return [cluster, await install(cluster, state, { withoutPods: true })]
}

async function install(cluster: Cluster, state: DemoState, options = {}): Promise<string> {
  const kubeconfig = await step("Postern's permissions in the cluster (deploy/rbac.yaml)", () =>
    installPostern(cluster, state.directory),
  )
  await step(`a small company: ${worldNamespaces.join(', ')}`, async () => {
    await createWorld(cluster, options)
    await allowPosternIn(cluster, worldNamespaces)
  })
  return kubeconfig
}

/** Starts everything Postern needs, in parallel where possible. Ports are saved in `state`. */
export async function startDemoParts(
  run: Run,
  state: DemoState,
  options: { publicUrl: string; own?: OwnCluster; alongside?: () => Promise<unknown> },
): Promise<DemoParts> {
  const [postgres, [cluster, posternKubeconfig], identity, mail] = await Promise.all([
    startDatabase(run, state),
    options.own ? openTheirCluster(options.own, state) : startLocalCluster(run, state, options.publicUrl),
    step(
      'identity provider',
      () => startIdentity(run, { port: state.ports.identity, clientSecret: state.clientSecret }),
      ({ issuer }) => issuer,
    ),
    step(
      'mail server, which delivers nothing',
      () =>
        startMailServer(run, {
          smtpPort: state.ports.smtp,
          webPort: state.ports.mail,
          directory: join(state.directory, 'mails'),
        }),
      ({ url }) => url,
    ),
    options.alongside?.(),
  ])
  state.ports.identity = Number(new URL(identity.issuer).port)
  state.ports.smtp = Number(new URL(mail.smtp).port)
  state.ports.mail = Number(new URL(mail.url).port)
  const configuration = (lapseAfter: string) =>
    demoConfiguration({
      publicUrl: options.publicUrl,
      identity: { issuer: identity.issuer, clientId: identity.clientId, apiAudience: identity.audience },
      cluster: {
        kubeconfig: { file: posternKubeconfig },
        publicServer: cluster.server,
        // The API server of one's own cluster is not the demo's to configure.
        ...(options.own ? {} : { audit: { tokenFile: auditTokenFile(state) } }),
      },
      mailServer: mail.smtp,
      lapseAfter,
    })
  return { postgres, identity, mail, cluster, posternKubeconfig, configuration }
}
