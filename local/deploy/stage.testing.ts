import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { parse, stringify } from 'yaml'
import { writeImage } from '#local/image/oci-archive'
import { ownPlatform } from '#local/image/platforms'
import { nodeAddress, startNode } from '#local/node/node'
import { loopbackServer } from '#local/parts/certificates'
import { startIdentityProvider } from '#local/parts/identity-provider'
import { kubectlAsAdmin } from '#local/parts/kubectl'
import { startKubernetes } from '#local/parts/kubernetes'
import { startPostgres } from '#local/parts/postgres'
import { checkout, stateDirectory } from '#local/processes/places'
import { freePort } from '#local/processes/ports'
import { openRun, type Run } from '#local/processes/processes'
import { inSeconds } from '#local/processes/steps'
import { databaseUser } from '#local/processes/system-user'
import { ensureNodePrograms } from '#local/programs/node-programs'
import { ensureClusterPrograms, ensureHelm, ensureK9s, ensureStern } from '#local/programs/programs'
import { exampleValues } from './helm.ts'

const print = (line: string) => void process.stderr.write(`${line}\n`)

/** Prints how long each step took: the figures of docs/install.md. */
export async function timed<T>(what: string, work: () => Promise<T> | T): Promise<T> {
  const began = Date.now()
  const value = await work()
  print(`${inSeconds(Date.now() - began).padStart(7)}  ${what}`)
  return value
}

/** The programs, built before anything is measured. */
export async function deployPrograms() {
  const cluster = await ensureClusterPrograms(print)
  return {
    cluster,
    helm: await ensureHelm(print),
    node: await ensureNodePrograms(print),
    k9s: await ensureK9s(print),
    stern: await ensureStern(print),
  }
}

export type DeployPrograms = Awaited<ReturnType<typeof deployPrograms>>

/** The image in which the kubelet keeps the namespaces of a pod. */
async function writePauseImage(pause: string, folder: string): Promise<string> {
  const platform = ownPlatform()
  if (!platform) throw new Error('there is no image for this processor')
  const root = join(folder, 'pause')
  mkdirSync(root, { recursive: true })
  execFileSync('cp', [pause, join(root, 'pause')])
  const archive = join(folder, 'pause.tar')
  await writeImage({
    layers: [{ folder: root, what: 'pause' }],
    platform,
    labels: {},
    config: { Entrypoint: ['/pause'], User: '65535:65535' },
    reference: 'postern.test/pause:1',
    archive,
    scratch: join(folder, 'pause-scratch'),
  })
  return archive
}

/** A cluster with a real node, without anything of Postern in it. */
export async function startBareCluster(
  run: Run,
  programs: DeployPrograms,
  openings: { inside: string; outside: string }[],
) {
  const directory = join(run.directory, 'kubernetes')
  const kubernetes = await startKubernetes(run, {
    name: 'prod-eu',
    directory,
    durable: false,
    programs: programs.cluster,
    withNodes: true,
  })
  const images = [await writePauseImage(programs.node.pause, run.directory)]
  const node = await startNode(run, { kubernetes, programs: programs.node, openings, images })
  return { kubernetes, node }
}

/** PostgreSQL on this machine that accepts TLS, with a certificate of its own authority. */
async function startDatabase(run: Run, tls: { cert: string; key: string }) {
  const folder = join(run.directory, 'database-tls')
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const [cert, key] = [join(folder, 'server.crt'), join(folder, 'server.key')]
  writeFileSync(cert, tls.cert)
  writeFileSync(key, tls.key, { mode: 0o600 })
  const user = databaseUser()
  if (user) chownSync(key, user.uid, user.gid)
  const settings = ['ssl=on', `ssl_cert_file=${cert}`, `ssl_key_file=${key}`]
  return startPostgres(run, { directory: join(run.directory, 'postgres'), durable: false, settings })
}

/**
 * Everything that an administrator has before they install Postern, as docs/install.md asks for it: a cluster with a node, a
 * PostgreSQL and an OpenID provider outside of it, both with certificates of the company's own authority, and a registry with
 * the image.
 */
export async function openStage() {
  const programs = await deployPrograms()
  const run = await openRun({ name: 'deploy', say: print })
  try {
    const tls = await loopbackServer('company', [nodeAddress])
    setDefaultCACertificates([...getCACertificates('default'), tls.ca])
    const [publicPort, registryPort, providerPort] = [await freePort(), await freePort(), await freePort()]
    const publicUrl = `http://localhost:${publicPort}`
    const issuer = `https://${nodeAddress}:${providerPort}`

    const postgres = await timed('PostgreSQL', () => startDatabase(run, tls))
    const provider = await startIdentityProvider({
      port: providerPort,
      tls,
      issuer,
      redirectUris: [`${publicUrl}/api/auth/callback/oidc`],
      postLogoutRedirectUris: [`${publicUrl}/signed-out`],
    })
    run.onStop(() => provider.stop())
    const disk = join(run.directory, 'registry')
    mkdirSync(disk)
    const registry = `localhost:${registryPort}`
    await run.start({
      name: 'registry',
      command: programs.node.crane,
      args: ['registry', 'serve', '--address', `127.0.0.1:${registryPort}`, '--disk', disk],
      ready: async () => (await fetch(`http://${registry}/v2/`)).ok,
    })
    const { kubernetes, node } = await timed('cluster with a real node', () =>
      startBareCluster(run, programs, [
        { inside: `${nodeAddress}:5432`, outside: `127.0.0.1:${postgres.port}` },
        { inside: `${nodeAddress}:${providerPort}`, outside: `127.0.0.1:${providerPort}` },
        { inside: `127.0.0.1:${registryPort}`, outside: `127.0.0.1:${registryPort}` },
      ]),
    )

    const folder = join(run.directory, 'admin')
    mkdirSync(folder)
    const asAdmin = (program: string, args: string[]) => {
      const paths = { helm: programs.helm, kubectl: kubernetes.kubectl, crane: programs.node.crane } as Record<
        string,
        string
      >
      const result = spawnSync(paths[program] ?? program, args, {
        cwd: folder,
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
        env: {
          PATH: process.env.PATH,
          NODE_ENV: 'production',
          HOME: folder,
          KUBECONFIG: kubernetes.adminKubeconfig,
          KUBECACHEDIR: join(folder, 'cache'),
          ...{ HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder },
        },
      })
      if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stdout}${result.stderr}`)
      return result.stdout
    }
    const kubectl = (...args: string[]) => asAdmin('kubectl', args)
    const apply = (...items: object[]) =>
      kubectlAsAdmin(kubernetes, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    return {
      ...{ run, programs, folder, kubernetes, node, postgres, provider, registry, tls },
      ...{ publicUrl, publicPort, issuer, providerPort },
      asAdmin,
      kubectl,
      apply,
      stop: () => run.stop(),
    }
  } catch (error) {
    await run.stop()
    throw error
  }
}

export type Stage = Awaited<ReturnType<typeof openStage>>

/** Makes the image and pushes it to the registry, as docs/install.md says. Returns its repository and digest. */
export async function pushImage({ run, asAdmin, registry, folder }: Stage) {
  const code = await run.finish({
    name: 'image',
    command: process.execPath,
    args: [join(checkout, 'local/image/image.ts')],
    cwd: checkout,
  })
  const log = readFileSync(join(run.logs, 'image.log'), 'utf8')
  const [, archive = '', digest = ''] = log.match(/archive: (\S+), (sha256:[0-9a-f]{64}),/) ?? []
  if (code !== 0 || !archive.startsWith(stateDirectory)) throw new Error(`npm run image failed: ${log}`)
  const repository = `${registry}/postern`
  mkdirSync(join(folder, 'image'))
  asAdmin('tar', ['--extract', `--file=${archive}`, '--directory=image'])
  const pushed = asAdmin('crane', ['push', '--insecure', 'image', `${repository}:0.1.0`]).trim()
  return { repository, digest, pushed }
}

/** The commands in the code blocks of docs/install.md and docs/upgrade.md, each in one line. */
export const documentedCommands = (): string[] =>
  ['docs/install.md', 'docs/upgrade.md'].flatMap((page) =>
    [...readFileSync(join(checkout, page), 'utf8').matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, text = '']) =>
      text
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    ),
  )

/** The files that docs/install.md asks for: the secrets, the authority and the values. */
export function writeInstallation(stage: Stage, image: { repository: string; digest: string }) {
  const { folder, postgres, provider, publicUrl, issuer, providerPort, kubernetes, tls } = stage
  const secure = (url: string) => {
    const address = new URL(url)
    address.host = `${nodeAddress}:5432`
    return `${address.href}?sslmode=verify-full&sslrootcert=/etc/postern/database/ca.crt`
  }
  const key = () => execFileSync('openssl', ['rand', '-base64', '48'], { encoding: 'utf8' }).trim()
  const files = {
    DATABASE_URL: secure(postgres.appUrl),
    POSTERN_MIGRATION_DATABASE_URL: secure(postgres.ownerUrl),
    POSTERN_SIGNING_KEY: key(),
    POSTERN_SESSION_SECRET: key(),
    POSTERN_OIDC_CLIENT_SECRET: provider.clientSecret,
    'ca.crt': tls.ca,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 })
  if (!existsSync(join(folder, 'deploy'))) execFileSync('ln', ['-s', join(checkout, 'deploy'), join(folder, 'deploy')])

  const example = parse(readFileSync(exampleValues, 'utf8'))
  const { configuration } = example
  const machine = (port: number) => ({ to: [{ ipBlock: { cidr: `${nodeAddress}/32` } }], ports: [port] })
  const [template] = configuration.entitlements
  const values = {
    ...example,
    image: { repository: image.repository, digest: image.digest },
    configuration: {
      ...configuration,
      publicUrl,
      trustedProxies: 0,
      identity: { ...configuration.identity, issuer },
      clusters: [{ ...configuration.clusters[0], publicServer: kubernetes.server }],
      entitlements: [
        {
          ...template,
          name: 'payments-shell',
          title: 'Open a shell in payment services',
          rules: [
            { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
            { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
            { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] },
          ],
        },
      ],
    },
    databaseCa: { existingConfigMap: 'database-ca' },
    extraCa: { existingConfigMap: 'database-ca' },
    networkPolicy: { database: machine(5432), identityProvider: machine(providerPort) },
  }
  writeFileSync(join(folder, 'values.yaml'), stringify(values))
  return values
}

/** A program of this machine that writes lines, such as `kubectl exec`, with what it has written so far. */
export function startLines(program: string, args: readonly string[], env?: Record<string, string>) {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: (env ?? process.env) as NodeJS.ProcessEnv,
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  let hasEnded = false
  void ended.then(() => {
    hasEnded = true
  })
  return {
    lines: () => text.split('\n').filter((line) => line !== ''),
    ended,
    hasEnded: () => hasEnded,
    kill: (signal: NodeJS.Signals = 'SIGKILL') => void child.kill(signal),
  }
}
