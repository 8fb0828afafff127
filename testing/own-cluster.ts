import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { installPostern } from '#local/parts/install'
import { type AuditWebhook, type Kubernetes, startKubernetes, type TokenWebhook } from '#local/parts/kubernetes'
import { allowPosternIn, createWorld, worldNamespaces } from '#local/parts/world'
import { openRun } from '#local/processes/processes'
import { ensureClusterPrograms } from '#local/programs/programs'
import { testParts } from './database.ts'

/**
 * A cluster of this test file's own. It replaces the cluster of the test parts, so that all other helpers use it. Call it
 * once per file, before anything else.
 */
export async function ownCluster(
  name: string,
  options: { auditWebhook?: AuditWebhook; tokenWebhook?: TokenWebhook; signsCertificates?: boolean } = {},
): Promise<Kubernetes & { posternKubeconfig: string }> {
  const parts = testParts()
  const run = await openRun({ name })
  afterAll(() => run.stop())
  const directory = join(run.directory, 'kubernetes')
  const programs = await ensureClusterPrograms(() => {})
  const cluster = await startKubernetes(run, { name: 'prod-eu', directory, durable: false, programs, ...options })
  const posternKubeconfig = await installPostern(cluster, directory)
  await createWorld(cluster, { withoutPods: true })
  await allowPosternIn(cluster, worldNamespaces)
  const { server, caFile, adminKubeconfig, kubectl, auditLog } = cluster
  const kubernetes = { name: 'prod-eu', server, caFile, adminKubeconfig, posternKubeconfig, kubectl, auditLog }
  const file = join(run.directory, 'parts.json')
  writeFileSync(file, JSON.stringify({ ...parts, kubernetes }), { mode: 0o600 })
  process.env.POSTERN_PARTS = file
  return { ...cluster, posternKubeconfig }
}
