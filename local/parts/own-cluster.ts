import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { type Cluster, kubectlAsAdmin } from './kubectl.ts'
import { worldNamespaces } from './world.ts'

/** The used part of the output of `kubectl config view --minify --flatten -o json`. */
const viewSchema = z.object({
  clusters: z
    .array(
      z.object({
        cluster: z.object({
          server: z.string(),
          'certificate-authority-data': z.string().optional(),
          'insecure-skip-tls-verify': z.boolean().optional(),
        }),
      }),
    )
    .min(1),
})

/**
 * Opens the user's own cluster through their kubeconfig. Their credentials stay in that file: only kubectl reads them,
 * and Postern gets a ServiceAccount of its own. Refuses a kubeconfig that skips the verification of the server's
 * certificate, and a cluster that has a namespace with one of the demo's names which the demo did not create.
 */
export async function openOwnCluster(options: {
  kubeconfig: string
  context: string
  kubectl: string
  name: string
  scratch: string
}): Promise<Cluster> {
  const { kubeconfig, context, kubectl, name, scratch } = options
  mkdirSync(scratch, { recursive: true, mode: 0o700 })
  const view = ['config', 'view', '--minify', '--flatten', '--raw', '-o', 'json']
  const { stdout } = await promisify(execFile)(kubectl, [`--kubeconfig=${kubeconfig}`, `--context=${context}`, ...view])
  const cluster = viewSchema.parse(JSON.parse(stdout)).clusters[0]?.cluster
  if (!cluster) throw new Error(`${kubeconfig} has no context ${context}`)
  if (cluster['insecure-skip-tls-verify'])
    throw new Error(`context ${context} does not verify the server's certificate`)
  let caFile: string | undefined
  if (cluster['certificate-authority-data']) {
    caFile = join(scratch, 'ca.crt')
    writeFileSync(caFile, Buffer.from(cluster['certificate-authority-data'], 'base64'))
  }
  const own: Cluster = {
    name,
    server: cluster.server,
    caFile,
    adminKubeconfig: kubeconfig,
    adminContext: context,
    kubectl,
    scratch,
  }
  const names = worldNamespaces.join('|')
  const query = ['get', 'namespaces', '-l', 'app.kubernetes.io/part-of!=postern-demo', '-o', 'name']
  const taken = (await kubectlAsAdmin(own, query)).match(new RegExp(`^namespace/(${names})$`, 'gm'))
  if (taken)
    throw new Error(
      `this cluster already has ${taken.join(', ')}, which this demo did not create. Choose another cluster.`,
    )
  return own
}

/** The commands that remove everything the demo created in the user's cluster. */
export function removalCommand(cluster: Cluster): string {
  const kubectl = `kubectl --kubeconfig ${cluster.adminKubeconfig} --context ${cluster.adminContext}`
  const namespaces = [...worldNamespaces, 'postern-system', 'postern-grants'].join(' ')
  return [
    `${kubectl} delete namespace ${namespaces}`,
    `${kubectl} delete clusterrolebinding postern-reader postern-rights-reader postern-admission-reader`,
    `${kubectl} delete clusterrole postern-reader postern-rights-reader postern-pod-reader postern-admission-reader postern-granter`,
  ].join('\n')
}
