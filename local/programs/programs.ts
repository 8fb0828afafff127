import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { basename, join } from 'node:path'
import { whileHoldingLock } from '#local/processes/lock'
import { cacheDirectory, checkout } from '#local/processes/places'
import { downloadEnvtest } from './envtest.ts'
import { findGo, goBuild, moduleFolder } from './go-build.ts'
import { publishedDownloads, publishedPrograms } from './published.ts'

/** A Go module that pins programs, and the package of each program. `sources` are its own files that a build compiles. */
export type GoModule = {
  folder: string
  pins: string
  programs: Record<string, string>
  sources?: string[]
  tags?: string
  /** The variable that holds the version that the programs report. */
  versionVariable?: string
}

const kubernetes: GoModule = {
  folder: join(checkout, 'local/kubernetes'),
  pins: 'k8s.io/kubernetes',
  programs: {
    etcd: 'go.etcd.io/etcd/server/v3',
    kubectl: 'k8s.io/kubernetes/cmd/kubectl',
    'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
    'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
    'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  },
}

const kwok: GoModule = {
  folder: join(checkout, 'local/kwok'),
  pins: 'sigs.k8s.io/kwok',
  programs: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' },
}

const prometheus: GoModule = {
  folder: join(checkout, 'local/prometheus'),
  pins: 'github.com/prometheus/prometheus',
  programs: { promtool: 'github.com/prometheus/prometheus/cmd/promtool' },
  // Leaves out service discovery for cloud providers, which checking rules does not need.
  tags: 'remove_all_sd',
}

const helm: GoModule = {
  folder: join(checkout, 'local/helm'),
  pins: 'helm.sh/helm/v4',
  programs: { helm: 'helm.sh/helm/v4/cmd/helm' },
  versionVariable: 'helm.sh/helm/v4/internal/version.version',
}

const helm3: GoModule = {
  folder: join(checkout, 'local/helm3'),
  pins: 'helm.sh/helm/v3',
  programs: { helm: 'helm.sh/helm/v3/cmd/helm' },
  versionVariable: 'helm.sh/helm/v3/internal/version.version',
}

const krew: GoModule = {
  folder: join(checkout, 'local/krew'),
  pins: 'sigs.k8s.io/krew',
  programs: { krew: 'sigs.k8s.io/krew/cmd/krew' },
}

const k9s: GoModule = {
  folder: join(checkout, 'local/k9s'),
  pins: 'github.com/derailed/k9s',
  programs: { k9s: 'github.com/derailed/k9s' },
}

const stern: GoModule = {
  folder: join(checkout, 'local/stern'),
  pins: 'github.com/stern/stern',
  programs: { stern: 'github.com/stern/stern' },
}

const dex: GoModule = {
  folder: join(checkout, 'local/dex'),
  pins: 'github.com/dexidp/dex',
  programs: { dex: '.' },
  sources: ['main.go'],
}

const cel: GoModule = {
  folder: join(checkout, 'local/cel'),
  pins: 'github.com/google/cel-go',
  programs: { cel: '.' },
  sources: ['main.go'],
}

const logChecker: GoModule = {
  folder: join(checkout, 'local/log-checker'),
  pins: 'golang.org/x/mod',
  programs: { 'log-checker': '.' },
  sources: ['main.go'],
}

const versitygw: GoModule = {
  folder: join(checkout, 'local/versitygw'),
  pins: 'github.com/versity/versitygw',
  programs: { versitygw: 'github.com/versity/versitygw/cmd/versitygw' },
}

/** The programs that tests need. */
export type ClusterPrograms = {
  etcd: string
  kubectl: string
  apiserver: string
  controllerManager: string | undefined
}

/** The additional programs that simulate running pods; only the demo needs them. */
export type PodPrograms = { scheduler: string; kwok: string; stages: string[] }

function pinnedVersion(module: GoModule, pins = module.pins): string {
  const goMod = readFileSync(join(module.folder, 'go.mod'), 'utf8')
  const version = goMod.match(new RegExp(`^(?:require|\\t)\\s*${pins.replaceAll('.', '\\.')} (v\\S+)`, 'm'))?.[1]
  if (!version) throw new Error(`${module.folder}/go.mod does not pin ${pins}`)
  return version
}

/** The release of Kubernetes that go.mod pins, such as v1.37.2. */
export const kubernetesVersion = (): string => pinnedVersion(kubernetes)

/** The cache directory of a module's programs. Its name is a hash of everything that determines the build. */
export function cacheOf(module: GoModule): string {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`)
  for (const file of ['go.mod', 'go.sum', ...(module.sources ?? [])])
    hash.update(readFileSync(join(module.folder, file)))
  const name = module.pins
    .replace(/\/v\d+$/, '')
    .split('/')
    .at(-1)
  return join(cacheDirectory, `${name}-${hash.digest('hex').slice(0, 16)}`)
}

function linkerFlags(module: GoModule): string {
  const version = pinnedVersion(module)
  if (module.versionVariable) return `-s -w -X ${module.versionVariable}=${version}`
  if (module.pins !== kubernetes.pins) return '-s -w'
  // Without these the server reports v0.0.0-master, and clients compare versions.
  const [major, minor] = version.slice(1).split('.')
  const at = 'k8s.io/component-base/version'
  return `-s -w -X ${at}.gitVersion=${version} -X ${at}.gitMajor=${major} -X ${at}.gitMinor=${minor}`
}

const missingOf = (module: GoModule, names: string[]) =>
  names.filter((name) => !existsSync(join(cacheOf(module), name)))

const downloadInto = publishedDownloads()

/** Downloads what is not in the cache, as far as its project publishes it. True if every program is there. */
async function download(module: GoModule, names: string[], say: (line: string) => void): Promise<boolean> {
  if (module === kubernetes && missingOf(module, names).length > 0) {
    const versions = { kubernetes: kubernetesVersion(), etcd: pinnedVersion(kubernetes, 'go.etcd.io/etcd/server/v3') }
    const published = publishedPrograms(versions).filter(({ program }) => names.includes(program))
    mkdirSync(cacheDirectory, { recursive: true })
    await whileHoldingLock(`${cacheOf(module)}.lock`, say, () => downloadInto(published, cacheOf(module), say))
  }
  return missingOf(module, names).length === 0
}

/** Downloads or builds the programs that are not in the cache and returns the path of each. */
export async function build(
  module: GoModule,
  names: string[],
  say: (line: string) => void,
): Promise<Map<string, string>> {
  const cache = cacheOf(module)
  const paths = new Map(names.map((name) => [name, join(cache, name)]))
  const isMissing = () => missingOf(module, names)
  if (await download(module, names, say)) return paths
  mkdirSync(cache, { recursive: true })
  await whileHoldingLock(`${cache}.lock`, say, async () => {
    const missing = isMissing()
    if (missing.length) say(`building ${missing.join(', ')} ${pinnedVersion(module)} once, into ${cache}`)
    for (const name of missing) {
      const unfinished = join(cache, `.${name}.${process.pid}`)
      await goBuild({
        folder: module.folder,
        packagePath: module.programs[name] ?? '',
        output: unfinished,
        tags: module.tags,
        linkerFlags: linkerFlags(module),
        say: (line) => say(`${name}: ${line}`),
      })
      renameSync(unfinished, join(cache, name))
    }
  })
  return paths
}

export function need(paths: Map<string, string>, name: string): string {
  const path = paths.get(name)
  if (!path) throw new Error(`there is no program ${name}`)
  return path
}

/**
 * The programs of a small real cluster, once per machine and pin: downloaded as released, or else built from the pinned Go
 * modules (about seven minutes). Without `go`, downloads the archive that controller-tools publishes, which has no
 * controller-manager: the ClusterRoles `view`, `edit` and `admin` then stay empty, deleted namespaces stay, and
 * Deployments create no pods.
 */
export async function ensureClusterPrograms(say: (line: string) => void): Promise<ClusterPrograms> {
  const names = ['etcd', 'kubectl', 'kube-apiserver', 'kube-controller-manager']
  if (!(await download(kubernetes, names, say)) && !findGo()) {
    const folder = await downloadEnvtest({ cache: cacheDirectory, version: kubernetesVersion(), say })
    say('the published archive has no controller-manager: view, edit and admin stay empty, Deployments create no pods')
    const [etcd, kubectl, apiserver] = ['etcd', 'kubectl', 'kube-apiserver'].map((name) => join(folder, name))
    return { etcd: etcd ?? '', kubectl: kubectl ?? '', apiserver: apiserver ?? '', controllerManager: undefined }
  }
  const paths = await build(kubernetes, names, say)
  return {
    etcd: need(paths, 'etcd'),
    kubectl: need(paths, 'kubectl'),
    apiserver: need(paths, 'kube-apiserver'),
    controllerManager: need(paths, 'kube-controller-manager'),
  }
}

/** Prometheus's promtool, which checks and tests alerting rules. Building it takes a few minutes, once. */
export const ensurePromtool = async (say: (line: string) => void): Promise<string> =>
  need(await build(prometheus, ['promtool'], say), 'promtool')

/** Helm, which renders the chart. Building it takes a few minutes, once. */
export const ensureHelm = async (say: (line: string) => void): Promise<string> =>
  need(await build(helm, ['helm'], say), 'helm')

/** Helm 3, for people who have not changed to Helm 4. Building it takes a few minutes, once. */
export const ensureHelm3 = async (say: (line: string) => void): Promise<string> =>
  need(await build(helm3, ['helm'], say), 'helm')

/** krew, which installs plugins of kubectl; undefined if it cannot be built. Building it takes ten seconds, once. */
export async function ensureKrew(say: (line: string) => void): Promise<string | undefined> {
  if (!existsSync(join(cacheOf(krew), 'krew')) && !findGo()) return undefined
  return need(await build(krew, ['krew'], say), 'krew')
}

/** k9s, a full-screen client of clusters. Building it takes a few minutes, once. */
export const ensureK9s = async (say: (line: string) => void): Promise<string> =>
  need(await build(k9s, ['k9s'], say), 'k9s')

/** stern, which follows the logs of many pods. Building it takes a few minutes, once. */
export const ensureStern = async (say: (line: string) => void): Promise<string> =>
  need(await build(stern, ['stern'], say), 'stern')

/** Dex, the second identity provider of the tests; undefined if it cannot be built. Building it takes a minute, once. */
export async function ensureDex(say: (line: string) => void): Promise<string | undefined> {
  if (!existsSync(join(cacheOf(dex), 'dex')) && !findGo()) return undefined
  return need(await build(dex, ['dex'], say), 'dex')
}

/** The checker of the log that uses Go's own library; undefined if it cannot be built. Building it takes seconds, once. */
export async function ensureLogChecker(say: (line: string) => void): Promise<string | undefined> {
  if (!existsSync(join(cacheOf(logChecker), 'log-checker')) && !findGo()) return undefined
  return need(await build(logChecker, ['log-checker'], say), 'log-checker')
}

/** An S3 server with object lock; undefined if it cannot be built. Building it takes two minutes, once. */
export async function ensureVersitygw(say: (line: string) => void): Promise<string | undefined> {
  if (!existsSync(join(cacheOf(versitygw), 'versitygw')) && !findGo()) return undefined
  return need(await build(versitygw, ['versitygw'], say), 'versitygw')
}

/**
 * Kubernetes' CEL as a program, and the folder with the conformance files of cel-spec; undefined if it cannot be built.
 * Building it takes a minute or two, once.
 */
export async function ensureCel(
  say: (line: string) => void,
): Promise<{ program: string; conformance: string } | undefined> {
  const conformance = join(cacheOf(cel), 'conformance')
  const isComplete = existsSync(join(cacheOf(cel), 'cel')) && existsSync(conformance)
  if (!isComplete && !findGo()) return undefined
  const program = need(await build(cel, ['cel'], say), 'cel')
  if (!existsSync(conformance)) {
    // Copied next to the program, because the user may empty Go's module cache at any time.
    const unfinished = `${conformance}.${process.pid}`
    cpSync(join(moduleFolder(cel.folder, 'cel.dev/expr'), 'tests/simple/testdata'), unfinished, { recursive: true })
    renameSync(unfinished, conformance)
  }
  return { program, conformance }
}

/** A kubectl for the user's own cluster: the installed one if it is new enough, otherwise the pinned one. */
export async function ensureKubectl(say: (line: string) => void): Promise<string> {
  const installed = spawnSync('kubectl', ['version', '--client', '--output=json'], { encoding: 'utf8' })
  const minorOf = (output: string) => Number.parseInt(JSON.parse(output).clientVersion?.minor, 10)
  // 1.24 introduced `kubectl create token`.
  if (installed.status === 0 && minorOf(installed.stdout) >= 24) return 'kubectl'
  if (!(await download(kubernetes, ['kubectl'], say)) && !findGo()) return (await ensureClusterPrograms(say)).kubectl
  return need(await build(kubernetes, ['kubectl'], say), 'kubectl')
}

/** The behaviour of kwok's node and pods: files in kwok's module. */
const stageFiles = [
  'node/fast/node-initialize.yaml',
  'node/heartbeat-with-lease/node-heartbeat-with-lease.yaml',
  'pod/fast/pod-ready.yaml',
  'pod/fast/pod-complete.yaml',
  'pod/fast/pod-delete.yaml',
]

/** The scheduler of the cluster. */
export const ensureScheduler = async (say: (line: string) => void): Promise<string> =>
  need(await build(kubernetes, ['kube-scheduler'], say), 'kube-scheduler')

/** The programs that simulate running pods, or undefined if they cannot be built. Building takes a minute, once. */
export async function ensurePodPrograms(say: (line: string) => void): Promise<PodPrograms | undefined> {
  const cache = cacheOf(kwok)
  const stages = stageFiles.map((file) => join(cache, basename(file)))
  const isComplete = [join(cacheOf(kubernetes), 'kube-scheduler'), join(cache, 'kwok'), ...stages].every((file) =>
    existsSync(file),
  )
  if (!isComplete && !findGo()) return undefined
  const scheduler = await ensureScheduler(say)
  const program = need(await build(kwok, ['kwok'], say), 'kwok')
  if (!isComplete) {
    // Copied next to the program, because the user may empty Go's module cache at any time.
    const published = join(moduleFolder(kwok.folder, kwok.pins), 'kustomize/stage')
    for (const [index, file] of stageFiles.entries()) copyFileSync(join(published, file), stages[index] ?? '')
  }
  return { scheduler, kwok: program, stages }
}
