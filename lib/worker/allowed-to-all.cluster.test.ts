import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import type { Probes } from '#lib/core/access/probe-resource'
import { issueCredential } from '#lib/operations/issue-credential'
import { releaseGrant } from '#lib/operations/release-grant'
import { anActiveGrant, grantReaches, grantRow } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { aNamespace, deleteNamespace } from '#testing/namespace'
import { asActor } from '#testing/people'
import { deploymentsIn, statusFor } from '#testing/token'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

// Promise 6, where someone else's bindings allow the same as a grant.

await workerBench()

const namespaces: string[] = []
afterAll(() => Promise.all(namespaces.map(deleteNamespace)))

/** An active grant in a namespace of its own, in which these subjects may list Deployments. */
async function aGrantBeside(subjects: (name: string) => string[]) {
  const namespace = await aNamespace()
  namespaces.push(namespace)
  const granted = await anActiveGrant({ namespaces: [namespace] })
  const theirs = `theirs-${randomBytes(4).toString('hex')}`
  await kubectl(['create', 'role', theirs, '-n', namespace, '--verb=list', '--resource=deployments.apps'])
  await kubectl(['create', 'rolebinding', theirs, '-n', namespace, `--role=${theirs}`, ...subjects(granted.name)])
  return { ...granted, namespace, unbind: () => kubectl(['delete', 'rolebinding', theirs, '-n', namespace]) }
}

test.concurrent('access that everyone keeps has ended only once the token itself is refused', async () => {
  const { id, holder, namespace } = await aGrantBeside(() => ['--group=system:serviceaccounts:postern-grants'])
  const { token } = await issueCredential(asActor(holder), id)
  const use = () => statusFor(token, deploymentsIn(namespace))
  await until('the token is accepted', async () => (await use()) === 200)
  await releaseGrant(asActor(holder), id)
  const uses: Array<number | undefined> = []
  await until('the grant has ended', async () => {
    const { status } = await grantRow(id)
    if (status === 'ending') uses.push(await use())
    return status === 'ended'
  })
  expect(await use()).toBe(401)
  // The API server went on accepting it for a while: a token is good for more than its own grant's bindings.
  expect(uses).toContain(200)
  const { deniedProbes } = await grantRow(id)
  const allowed = (deniedProbes as Probes).results.filter((one) => one.allowed)
  expect(allowed.map(({ verb }) => verb)).toEqual(['list'])
})

test.concurrent('the page says what the end waits for', async () => {
  const { id, holder } = await aGrantBeside(() => ['--group=system:authenticated'])
  await releaseGrant(asActor(holder), id)
  await expect
    .poll(async () => (await grantRow(id)).lastError, { timeout: 60_000, interval: 50 })
    .toMatch(/no longer accepts its tokens/)
  await grantReaches(id, 'ended')
})

describe.concurrent('a binding for one grant’s ServiceAccount', () => {
  test.each(['nobody', 'unbound', 'postern'])(
    'a binding that names a ServiceAccount %s as well keeps the grant ending until it is gone',
    async (other) => {
      const { id, holder, unbind } = await aGrantBeside((name) =>
        [name, other].map((account) => `--serviceaccount=postern-grants:${account}`),
      )
      await releaseGrant(asActor(holder), id)
      await until('it was tried again', async () => (await grantRow(id)).attempts > 2)
      const { status, lastError } = await grantRow(id)
      expect([status, lastError]).toEqual(['ending', expect.stringMatching(/still allows this ServiceAccount to list/)])
      await unbind()
      await grantReaches(id, 'ended')
    },
  )
})
