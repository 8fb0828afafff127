import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from '#local/processes/places'
import { openRun, type Run } from '#local/processes/processes'
import { ensureClusterPrograms } from '#local/programs/programs'
import { type Identity, startIdentity } from './identity.ts'
import { installPostern } from './install.ts'
import { startKubernetes } from './kubernetes.ts'
import { createDatabase, openClient, type Postgres, startPostgres } from './postgres.ts'
import { allowPosternIn, createWorld, worldNamespaces } from './world.ts'

/** The addresses of a test run's parts: plain data, so that a JSON file can carry it to other processes. */
export type Parts = {
  postgres: {
    /** Superuser on the database `postgres`. */
    adminUrl: string
    /** On the database `postern`, which is migrated and empty. */
    ownerUrl: string
    appUrl: string
    /** A migrated, empty database without connections, so that `CREATE DATABASE … TEMPLATE` can copy it. */
    template: string
  }
  kubernetes: {
    name: string
    server: string
    caFile: string
    adminKubeconfig: string
    posternKubeconfig: string
    kubectl: string
    auditLog: string
  }
  identity: Identity
}

export type TestParts = Parts & {
  /** The JSON file with these parts. Child processes inherit its path in POSTERN_PARTS. */
  file: string
  run: Run | undefined
  stop(): Promise<void>
}

/** Migrates the database `postern` of a server and copies it, still empty, as the template of other databases. */
export async function makeTemplate({ adminUrl, ownerUrl, appUrl }: Postgres): Promise<Parts['postgres']> {
  const template = 'postern_template'
  const { migrate } = await import('../../prisma/migrate.mjs')
  await migrate(ownerUrl, join(checkout, 'prisma/migrations'), () => {})
  const client = openClient(adminUrl)
  await client.connect()
  try {
    await createDatabase(client, template, 'postern')
  } finally {
    await client.end()
  }
  return { adminUrl, ownerUrl, appUrl, template }
}

export const startDatabase = async (run: Run, durable: boolean) =>
  makeTemplate(await startPostgres(run, { directory: join(run.directory, 'postgres'), durable }))

async function startCluster(run: Run, durable: boolean, say: (line: string) => void): Promise<Parts['kubernetes']> {
  const programs = await ensureClusterPrograms(say)
  const directory = join(run.directory, 'kubernetes')
  const cluster = await startKubernetes(run, { name: 'prod-eu', directory, durable, programs })
  const [posternKubeconfig] = await Promise.all([installPostern(cluster, directory), createWorld(cluster)])
  await allowPosternIn(cluster, worldNamespaces)
  const { name, server, caFile, adminKubeconfig, kubectl, auditLog } = cluster
  return { name, server, caFile, adminKubeconfig, posternKubeconfig, kubectl, auditLog }
}

/**
 * Starts the real parts that tests need, all throwaway: a migrated PostgreSQL with both roles, a cluster with Postern's
 * permissions and the example company, and the identity provider. Writes their addresses to a JSON file and sets
 * POSTERN_PARTS to its path. If POSTERN_PARTS already names such a file, returns those parts; `stop` then does nothing.
 * @param durable sync each write to disk, as production does: for measurements
 */
export async function startTestParts(say: (line: string) => void = () => {}, durable = false): Promise<TestParts> {
  const given = process.env.POSTERN_PARTS
  if (given && existsSync(given)) {
    const parts = JSON.parse(readFileSync(given, 'utf8')) as Parts
    return { ...parts, file: given, run: undefined, stop: async () => {} }
  }
  const run = await openRun({ name: 'tests', say })
  try {
    const [postgres, kubernetes, identity] = await Promise.all([
      startDatabase(run, durable),
      startCluster(run, durable, say),
      startIdentity(run),
    ])
    const parts: Parts = { postgres, kubernetes, identity }
    const file = join(run.directory, 'parts.json')
    writeFileSync(`${file}.new`, JSON.stringify(parts, null, 2), { mode: 0o600 })
    renameSync(`${file}.new`, file)
    process.env.POSTERN_PARTS = file
    return { ...parts, file, run, stop: run.stop }
  } catch (error) {
    await run.stop()
    throw error
  }
}
