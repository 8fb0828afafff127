// Tests a cluster with Postern's own kubeconfig: whether it is reachable, new enough, has the right time, and allows exactly
// what Postern needs. Each problem comes with what would fix it.

import { programName } from '../program-name.ts'
import { KubectlError, kubectl, type Target } from './kubectl.ts'
import { account, type KubernetesObject } from './objects.ts'
import { asReview, grantedBy, inWords, type Permission } from './rights.ts'

export type Finding = {
  what: string
  result: 'ok' | 'problem'
  detail: string
  /** What to do about a problem. */
  fix?: string
}

/** 1.30 introduced the last thing that Postern or its chart relies on. */
const oldestMinor = 30

/** Seconds. Beyond that, tokens and approvals would begin or end noticeably early or late. */
const maxClockDifference = 5

const ok = (what: string, detail: string): Finding => ({ what, result: 'ok', detail })
const problem = (what: string, detail: string, fix: string): Finding => ({ what, result: 'problem', detail, fix })

const fixes: [pattern: RegExp, fix: string][] = [
  [
    /x509|certificate/i,
    'Correct certificate-authority-data in the kubeconfig: it must be the authority of the API server.',
  ],
  [
    /Unauthorized|provide credentials|401/i,
    `The token has expired or was revoked: run ${programName} cluster add again.`,
  ],
  [/no such host|lookup/i, 'Correct the server in the kubeconfig, or the DNS of this machine.'],
  [/refused|timeout|deadline|no route/i, 'Open the network from Postern’s workers to the API server.'],
]

const fixFor = (message: string) =>
  fixes.find(([pattern]) => pattern.test(message))?.[1] ?? 'Correct the kubeconfig, and try again.'

async function checkReachable(target: Target): Promise<Finding[]> {
  const { serverVersion } = JSON.parse(await kubectl(target, ['version', '--output=json']))
  if (!serverVersion) throw new KubectlError('kubectl: the server did not say its version')
  const { major, minor, gitVersion } = serverVersion as Record<'major' | 'minor' | 'gitVersion', string>
  const isNewEnough = Number(major) > 1 || Number.parseInt(minor, 10) >= oldestMinor
  const version = isNewEnough
    ? ok('version', gitVersion)
    : problem('version', gitVersion, `Upgrade the cluster to 1.${oldestMinor} or newer.`)
  return [ok('reachable', 'the API server answers'), version]
}

/** Compares the clocks with an object that is created without being stored. */
async function checkClock(target: Target): Promise<Finding> {
  const args = ['create', 'serviceaccount', 'postern-clock', '--namespace=postern-grants', '--dry-run=server']
  const before = Date.now()
  const created = await kubectl(target, [...args, '--output=jsonpath={.metadata.creationTimestamp}'])
  const after = Date.now()
  // The server says whole seconds.
  const server = Date.parse(created)
  const difference = Math.max(0, before - (server + 1000), server - after) / 1000
  if (!Number.isFinite(difference)) return problem('clock', 'the server did not say its time', 'Run the command again.')
  const detail = difference === 0 ? 'the same as here' : `${difference.toFixed(1)} s apart from this machine`
  if (difference <= maxClockDifference) return ok('clock', detail)
  return problem('clock', detail, 'Synchronize the clocks of this machine and of the API server (NTP).')
}

/** Asks about many permissions in one call. Resolves to those that are not allowed. */
async function refusedOf(target: Target, permissions: readonly Permission[]): Promise<Permission[]> {
  const list = { apiVersion: 'v1', kind: 'List', items: permissions.map(asReview) }
  const args = ['create', '--validate=false', '--filename=-', '--output=jsonpath={.status.allowed}{"\\n"}']
  const answers = (await kubectl(target, args, JSON.stringify(list))).trim().split('\n')
  if (answers.length !== permissions.length)
    throw new KubectlError('kubectl: the server did not answer every access review')
  return permissions.filter((_, index) => answers[index] !== 'true')
}

async function checkRights(target: Target, objects: readonly KubernetesObject[]): Promise<Finding[]> {
  const permissions = grantedBy(objects)
  const refused = await refusedOf(target, permissions)
  const everything = { verb: '*', group: '*', resource: '*', subresource: '', name: '', namespace: '' }
  const mayDoEverything = (await refusedOf(target, [everything])).length === 0
  return [
    refused.length === 0
      ? ok('permissions', `all ${permissions.length} are there`)
      : problem(
          'permissions',
          `missing: ${refused.map(inWords).join('; ')}`,
          `Run ${programName} cluster add again, or apply what ${programName} cluster add --print writes.`,
        ),
    mayDoEverything
      ? problem(
          'nothing more',
          'this account may do everything in the cluster',
          `Use the kubeconfig of the ServiceAccount ${account.namespace}/${account.name}, not that of an administrator.`,
        )
      : ok('nothing more', 'this account is not an administrator'),
  ]
}

/** @param objects what the cluster should have: `neededObjects` */
export async function diagnose(target: Target, objects: readonly KubernetesObject[]): Promise<Finding[]> {
  const findings: Finding[] = []
  try {
    findings.push(...(await checkReachable(target)))
  } catch (error) {
    const { message } = error as Error
    return [problem('reachable', message, fixFor(message))]
  }
  for (const check of [() => checkClock(target).then((one) => [one]), () => checkRights(target, objects)]) {
    try {
      findings.push(...(await check()))
    } catch (error) {
      const { message } = error as Error
      const isForbidden = /forbidden/i.test(message)
      const fix = isForbidden ? `Run ${programName} cluster add again: permissions are missing.` : fixFor(message)
      findings.push(problem(findings.length === 2 ? 'clock' : 'permissions', message, fix))
    }
  }
  return findings
}

/** One line for each finding, and one below each problem with its fix. */
export const inLines = (findings: readonly Finding[]): string =>
  findings
    .map(
      ({ what, result, detail, fix }) =>
        `${result === 'ok' ? 'ok     ' : 'PROBLEM'} ${what}: ${detail}\n${fix ? `        ${fix}\n` : ''}`,
    )
    .join('')

export const hasProblem = (findings: readonly Finding[]): boolean => findings.some(({ result }) => result === 'problem')
