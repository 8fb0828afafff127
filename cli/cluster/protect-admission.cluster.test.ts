import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { kubectlAsAdmin } from '#local/parts/kubectl'
import { type Kubernetes, startKubernetes } from '#local/parts/kubernetes'
import { openRun } from '#local/processes/processes'
import { ensureClusterPrograms } from '#local/programs/programs'
import { aConfiguration } from '#testing/configuration'
import { until } from '#testing/until'
import { run as runCommand } from '../running.testing.ts'

// A real API server that reads the written file, as docs/enforcement.md says.

const part = await openRun({ name: 'protect-admission' })
afterAll(() => part.stop())
const directory = join(part.directory, 'kubernetes')
const keepers = ['--user', 'deployer', '--group', 'platform-admins']
const staticManifestsDir = join(directory, 'static')
let kubernetes: Kubernetes

async function writePolicy(...args: string[]) {
  const { code, out, err } = await runCommand(['cluster', 'protect-admission', ...args])
  expect([code, err]).toEqual([0, ''])
  writeFileSync(join(staticManifestsDir, 'postern-admission.yaml'), out)
}

beforeAll(async () => {
  mkdirSync(staticManifestsDir, { recursive: true })
  await writePolicy(...keepers)
  const admissionConfig = join(directory, 'admission-configuration.yaml')
  const apiVersion = 'apiserver.config.k8s.io/v1'
  const configuration = { apiVersion, kind: 'ValidatingAdmissionPolicyConfiguration', staticManifestsDir }
  const plugins = [{ name: 'ValidatingAdmissionPolicy', configuration }]
  writeFileSync(admissionConfig, stringify({ apiVersion, kind: 'AdmissionConfiguration', plugins }))
  const programs = { ...(await ensureClusterPrograms(() => {})), controllerManager: undefined }
  const options = { name: 'prod-eu', directory, durable: false, programs, admissionConfig }
  kubernetes = await startKubernetes(part, options)
  const policy = join(directory, 'postern.yaml')
  writeFileSync(policy, stringify(aConfiguration()))
  const policies = await runCommand(['cluster', 'admission', '--policy', policy])
  await kubectlAsAdmin(kubernetes, ['apply', '-f', '-'], policies.out)
}, 180_000)

const kubectl = (...args: string[]) =>
  kubectlAsAdmin(kubernetes, args).then(
    (out) => out,
    (error: Error) => error.message,
  )
const [policies, bindings] = ['validatingadmissionpolicies', 'validatingadmissionpolicybindings']
const ours = 'app.kubernetes.io/part-of=postern-admission'
/** Everyone here is an administrator, for whom RBAC refuses nothing. */
const as = (user: string, ...groups: string[]) => [
  ...[`--as=${user}`, '--as-group=system:masters'],
  ...groups.map((group) => `--as-group=${group}`),
]
const noLabel = 'app.kubernetes.io/part-of-'
const audited = JSON.stringify({ spec: { validationActions: ['Audit'] } })

test.each([
  ['deletes a policy', ['delete', policies, 'postern-worker']],
  ['deletes a binding', ['delete', bindings, 'postern-worker']],
  ['deletes all of them at once', ['delete', `${policies},${bindings}`, '-l', ours]],
  ['takes the label off', ['label', policies, 'postern-grant-objects', noLabel]],
  ['makes a binding only audit', ['patch', bindings, 'postern-worker', '--type=merge', '-p', audited]],
])('no administrator %s', async (_, args) => {
  const refusal =
    /denied request: Only those whom a file on the control plane names may change or delete the admission policies of Postern\./
  expect(await kubectl(...args)).toMatch(refusal)
  expect(await kubectl(...args, ...as('mallory', 'platform-admin', 'admins'))).toMatch(refusal)
})

test('those whom the file names may change and delete the policies', async () => {
  const patch = ['patch', bindings, 'postern-grant-holders', '--type=merge', '-p', audited]
  expect(await kubectl(...patch, ...as('deployer'))).toMatch(/patched/)
  expect(await kubectl('delete', policies, 'postern-grant-holders', ...as('ola', 'platform-admins'))).toMatch(/deleted/)
})

test('policies of others can be changed, and no one reaches the file through the API', async () => {
  const other = {
    ...{ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding' },
    ...{ metadata: { name: 'another' }, spec: { policyName: 'another', validationActions: ['Deny'] } },
  }
  await kubectlAsAdmin(kubernetes, ['apply', '-f', '-'], JSON.stringify(other))
  expect(await kubectl('delete', bindings, 'another')).toMatch(/deleted/)
  expect(await kubectl('get', policies, 'postern-admission.static.k8s.io')).toMatch(/not found/)
})

test('a changed file counts without a restart', async () => {
  const patch = ['patch', bindings, 'postern-worker', '--type=merge', '-p', audited, ...as('new', 'security')]
  expect(await kubectl(...patch)).toMatch(/denied request/)
  await writePolicy('--group', 'security')
  await until('the file to be read again', async () => /patched/.test(await kubectl(...patch)))
})

test('without someone who may change the policies the command writes nothing', async () => {
  const { code, out, err } = await runCommand(['cluster', 'protect-admission'])
  expect([code, out]).toEqual([2, ''])
  expect(err).toMatch(/Name those who apply the policies with --user or --group/)
})
