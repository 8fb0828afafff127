import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runKubectl } from '#local/parts/kubectl'
import { type Parts, startTestParts } from '#local/parts/parts'
import { type PosternOptions, startPostern } from '#local/parts/postern'
import { freePort } from '#local/processes/ports'
import { openRun } from '#local/processes/processes'
import { withPatience } from '#testing/patience'
import { configurationText, teams } from './postern.yaml.ts'

/** What a test needs to know about the running Postern. Plain data, in the file that POSTERN_STAGE names. */
export type Stage = {
  url: string
  identity: { issuer: string; clientId: string; clientSecret: string; redirectUri: string }
  kubernetes: Parts['kubernetes']
  /** The options Postern was started with; another process with the same options is a replica. */
  postern: Omit<PosternOptions, 'port' | 'directory'>
  /** What the API server of prod-eu would send its audit events with. */
  auditToken: string
}

/** Starts the parts (unless POSTERN_PARTS names running ones), the identity provider and a production build of Postern. */
export async function startStage(): Promise<{ stop(): Promise<void> }> {
  const parts = await startTestParts(console.log)
  const run = await openRun({ name: 'stories' })
  const port = await freePort()
  const stop = async () => {
    await run.stop()
    await parts.stop()
  }
  try {
    const { kubernetes, postgres, identity } = parts
    const { issuer, clientId, clientSecret, audience } = identity
    const items = teams.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    const tools = { kubectl: kubernetes.kubectl, scratch: run.directory }
    await runKubectl(tools, kubernetes.adminKubeconfig, ['apply', '-f', '-'], list)
    const directory = join(run.directory, 'postern')
    mkdirSync(directory, { recursive: true })
    const secret = () => randomBytes(32).toString('base64url')
    const auditToken = secret()
    const auditTokenFile = join(directory, 'audit-token')
    writeFileSync(auditTokenFile, auditToken, { mode: 0o600 })
    const configuration = configurationText({
      publicUrl: `http://localhost:${port}`,
      issuer,
      clientId,
      audience,
      kubeconfig: kubernetes.posternKubeconfig,
      server: kubernetes.server,
      auditTokenFile,
    })
    const postern = {
      configuration,
      databaseUrl: withPatience(postgres.appUrl),
      clientSecret,
      sessionSecret: secret(),
      signingKey: secret(),
    }
    const { url } = await startPostern(run, { ...postern, port, directory })
    const stage: Stage = {
      url,
      identity: { issuer, clientId, clientSecret, redirectUri: `${url}/api/auth/callback/oidc` },
      kubernetes,
      postern,
      auditToken,
    }
    const file = join(run.directory, 'stage.json')
    writeFileSync(file, JSON.stringify(stage), { mode: 0o600 })
    process.env.POSTERN_STAGE = file
    return { stop }
  } catch (error) {
    await stop()
    throw error
  }
}
