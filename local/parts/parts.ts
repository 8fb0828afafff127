import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from '#local/processes/places'
import { openRun, type Run } from '#local/processes/processes'
import { ensureClusterPrograms } from '#local/programs/programs'
import { type Identity, startIdentity } from './identity.ts'
import { installPostern } from './install.ts'
import { startKubernetes } from './kubernetes.ts'
import { createDatabase, openClient, type Postgres, startPostgres } from './postgres.ts'
import { allowPosternIn, makeWorld, worldNamespaces } from './world.ts'

/** Where the real parts of a test run are: plain data, so that it can cross processes as a JSON file. */
export type Parts = {
  postgres: {
    /** Superuser on the database `postgres`. */
    adminUrl: string
    /** On the database `postern`, which is migrated and empty. */
    ownerUrl: string
    appUrl: string
    /** A migrated, empty database that nobody is connected to: `CREATE DATABASE … TEMPLATE` of it is a fresh one. */
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
  /** The JSON file with these parts; POSTERN_PARTS names it for every process that is started from here. */
  file: string
  run: Run | undefined
  stop(): Promise<void>
}

/** Migrates the database `postern` of a server, and keeps an empty copy of it as the template of others. */
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
  const [posternKubeconfig] = await Promise.all([installPostern(cluster, directory), makeWorld(cluster)])
  await allowPosternIn(cluster, worldNamespaces)
  const { name, server, caFile, adminKubeconfig, kubectl, auditLog } = cluster
  return { name, server, caFile, adminKubeconfig, posternKubeconfig, kubectl, auditLog }
}

/**
 * The real parts that tests run on, all throwaway: PostgreSQL with both roles, migrated, and a cluster with Postern
 * installed and the demo's world in it, and the identity provider. Sets POSTERN_PARTS to a JSON file that tells where they are. When POSTERN_PARTS
 * names such a file already, those parts are used and stop() leaves them alone.
 * @param durable wait for the disk at each write, as production does: for measurements
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
