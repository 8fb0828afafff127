// How many manifests per second does `postern check` judge, compared with the YAML library alone on the same files, and
// how does its memory grow with their number?
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { checkout } from '#local/processes/places'

const perFile = 100

/** Roles and bindings in turn. Every tenth role has a finding, and so has every binding: its role is in another namespace. */
function manifest(n: number): string {
  const head = (kind: string) =>
    `apiVersion: rbac.authorization.k8s.io/v1\nkind: ${kind}\nmetadata:\n  name: app-${n >> 1}\n  namespace: team-${n % 40}\n  labels:\n    app.kubernetes.io/name: app-${n >> 1}\n    app.kubernetes.io/managed-by: Helm\n`
  if (n % 2 === 1) {
    return `${head('RoleBinding')}roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: app-${n >> 1}\nsubjects:\n- kind: ServiceAccount\n  name: app\n  namespace: team-${n % 40}\n`
  }
  const writes = n % 20 === 0 ? 'create, patch' : 'get'
  return `${head('Role')}rules:\n- apiGroups: [apps]\n  resources: [deployments, statefulsets]\n  verbs: [get, list, watch, ${writes}]\n- apiGroups: [""]\n  resources: [configmaps, pods]\n  verbs: [get, list]\n`
}

function writeManifests(folder: string, count: number) {
  mkdirSync(folder)
  for (let from = 0; from < count; from += perFile) {
    const documents = Array.from({ length: perFile }, (_, index) => `---\n${manifest(from + index)}`)
    writeFileSync(join(folder, `${String(from).padStart(8, '0')}.yaml`), documents.join(''))
  }
}

/** Runs the command as a shell does. Its peak memory, in MB, is the kernel's figure. */
function runCheck(folder: string): Promise<{ seconds: number; peakMb: number }> {
  const began = performance.now()
  const args = [join(checkout, 'cli/postern.mjs'), 'check', folder, '--format', 'json']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  let peakMb = 0
  const sampling = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      peakMb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024 || peakMb
    } catch {
      // The process has ended: the last sample is its peak.
    }
  }, 20)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(sampling)
      if (code === 1) resolve({ seconds: (performance.now() - began) / 1000, peakMb })
      else reject(new Error(`postern check ended with code ${code}`))
    })
  })
}

function parseOnly(folder: string): number {
  const began = performance.now()
  for (const file of readdirSync(folder)) parseAllDocuments(readFileSync(join(folder, file), 'utf8'))
  return (performance.now() - began) / 1000
}

export type CheckFigures = {
  manifests: number
  seconds: number
  parseSeconds: number
  peakMb: number
  smallPeakMb: number
}

/** Judges this many manifests, and a tenth of them. The library parses the same files first. */
export async function measureCheck(manifests: number): Promise<CheckFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-check-'))
  try {
    writeManifests(join(folder, 'all'), manifests)
    writeManifests(join(folder, 'few'), manifests / 10)
    await runCheck(join(folder, 'few'))
    parseOnly(join(folder, 'few'))
    const small = await runCheck(join(folder, 'few'))
    const parseSeconds = parseOnly(join(folder, 'all'))
    const { seconds, peakMb } = await runCheck(join(folder, 'all'))
    return { manifests, seconds, parseSeconds, peakMb, smallPeakMb: small.peakMb }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Rows of the report. */
export function checkRows({ manifests, seconds, parseSeconds, peakMb, smallPeakMb }: CheckFigures): string[] {
  const rate = (manifests / seconds).toFixed(0)
  const bare = (manifests / parseSeconds).toFixed(0)
  const ratio = seconds / parseSeconds
  const growth = peakMb / smallPeakMb
  return [
    `| \`postern check\` of ${manifests} manifests | ${seconds.toFixed(1)} s, ${rate} per second | ≤ 10 s | ${seconds <= 10 ? 'yes' : 'no'} |`,
    `| … ratio to the YAML library alone (${bare} per second) | ${ratio.toFixed(2)} | | |`,
    `| … peak memory, ${manifests / 10} and ${manifests} manifests | ${smallPeakMb.toFixed(0)} and ${peakMb.toFixed(0)} MB, ${growth.toFixed(2)} × | ≤ 1.2 × | ${growth <= 1.2 ? 'yes' : 'no'} |`,
  ]
}
