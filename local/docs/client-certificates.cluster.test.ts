import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { checkout } from '#local/processes/places'
import { ownCluster } from '#testing/own-cluster'
import { until } from '#testing/until'

// The commands of docs/client-certificates.md, as they are written there, in a cluster whose controller signs certificates.

const { kubectl, adminKubeconfig } = await ownCluster('certificates', { signsCertificates: true })
const directory = mkdtempSync(join(tmpdir(), 'postern-certificates-'))
afterAll(() => rmSync(directory, { recursive: true }))
symlinkSync(kubectl, join(directory, 'kubectl'))

const blocks = [
  ...readFileSync(join(checkout, 'docs/client-certificates.md'), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g),
]
const [request = '', sign = '', bind = '', use = '', end = ''] = blocks.map(([, block]) => block)

/** Runs a block as an administrator who has just opened a terminal: its output, or its error. */
const run = (script: string): Promise<string> =>
  promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: directory,
    env: { NODE_ENV: 'test', PATH: `${directory}:${process.env.PATH}`, HOME: directory, KUBECONFIG: adminKubeconfig },
  }).then(
    ({ stdout }) => stdout,
    (error: { stderr: string; stdout: string }) => `${error.stdout}${error.stderr}`,
  )

test('the documented commands issue a certificate for ten minutes, whose access ends with its binding and which stays valid', async () => {
  expect(blocks).toHaveLength(5)
  await run(request)
  expect(await run(sign)).toContain('robin-20261127')
  const { subject, validTo } = new X509Certificate(readFileSync(join(directory, 'robin.crt')))
  expect(subject).toBe('CN=robin-20261127')
  expect(new Date(validTo).getTime()).toBeLessThanOrEqual(Date.now() + 600_000)
  expect(await run(use)).toContain('Forbidden')
  await run(bind)
  await until('the binding is known', async () => !(await run(use)).includes('Forbidden'))
  await run(end)
  await until('the binding is gone', async () => (await run(use)).includes('Forbidden'))
  // The page says so: it can't be revoked.
  const whoami = use.replace(/get pods.*/, 'auth whoami')
  expect(await run(whoami)).toContain('robin-20261127')
})

test('an organization in the request is refused where it is system:masters', async () => {
  await run(request.replaceAll('robin', 'eve').replace('/CN=eve-20261127', '/O=system:masters/CN=eve-20261127'))
  expect(await run(sign.replaceAll('robin', 'eve'))).toContain('system:masters')
})
