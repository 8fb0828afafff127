import { describe, expect, test } from 'vitest'
import type { ObjectKey, ObjectKind } from '#lib/core/grants/manifests'
import { issueCredential } from '#lib/operations/issue-credential'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { getGrant } from '#lib/views/get-grant'
import { eventsWhere } from '#testing/events'
import { anActiveGrant, grantReaches, grantRow } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { allowPostern, aNamespace, deleteNamespace } from '#testing/namespace'
import { asActor } from '#testing/people'
import { deploymentsIn, statusFor } from '#testing/token'
import { hangDeletion, refuseDeletion } from '#testing/undeletable'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

// Promises 6 and 9: an object that cannot be deleted keeps neither the other objects nor the token.

await workerBench()

const objectsLeft = async (name: string) => {
  const text = await kubectl(['get', 'sa,role,rolebinding', '-A', '-o', 'json'])
  const { items } = JSON.parse(text) as {
    items: Array<{ kind: string; metadata: { namespace: string; name: string } }>
  }
  return items.flatMap(({ kind, metadata }) => (metadata.name === name ? [`${kind} ${metadata.namespace}`] : [])).sort()
}

const onlyThisIsLeft = (name: string, object: string) =>
  until(`only ${object} is left`, async () => (await objectsLeft(name)).join() === object)

describe.concurrent('an object whose deletion is refused', () => {
  test.each<[ObjectKind, string, number]>([
    ['RoleBinding', 'payments', 401],
    ['RoleBinding', 'checkout', 401],
    ['Role', 'payments', 401],
    ['Role', 'checkout', 401],
    // Its tokens stay valid, but nothing allows it anything.
    ['ServiceAccount', 'postern-grants', 403],
  ])(
    'a %s in %s keeps no other object: the holder’s token gets %i, and the grant stays ending and says why',
    async (kind, namespace, status) => {
      const { id, name, holder, lead } = await anActiveGrant({ namespaces: ['payments', 'checkout'] })
      const { token } = await issueCredential(asActor(holder), id)
      expect(await statusFor(token, deploymentsIn('payments'))).toBe(200)
      const object: ObjectKey = { kind, namespace, name }
      const allow = await refuseDeletion(object)
      try {
        await revokeGrant(asActor(lead), id, { reason: 'enough' })
        for (const where of ['payments', 'checkout']) {
          const isRefused = async () => (await statusFor(token, deploymentsIn(where))) === status
          await until(`the token gets ${status} in ${where}`, isRefused)
        }
        await onlyThisIsLeft(name, `${kind} ${namespace}`)
        const shown = async () => (await getGrant(asActor(holder), id)).lastError ?? ''
        const saysWhich = async () => (await shown()).includes(`${kind} ${namespace}/${name}`)
        await until('the grant says which object is left', saysWhich)
        expect(await shown()).toContain('nothing is deleted on a Friday')
        expect(await grantRow(id)).toMatchObject({ status: 'ending', endedAt: null })
        const removed = await eventsWhere({ grantId: id, type: 'grant.object-deleted' })
        expect(removed).toHaveLength(4)
      } finally {
        await allow()
      }
      expect(await grantReaches(id, 'ended')).toMatchObject({ lastError: null, endedBy: 'revocation' })
      expect(await objectsLeft(name)).toEqual([])
    },
  )

  test('a missing permission of Postern’s in one namespace keeps no object of another', async () => {
    const namespace = await aNamespace()
    const { id, name, holder, lead } = await anActiveGrant({ namespaces: ['payments', namespace] })
    const { token } = await issueCredential(asActor(holder), id)
    await kubectl(['delete', 'rolebinding', 'postern-granter', '-n', namespace])
    await revokeGrant(asActor(lead), id, { reason: 'enough' })
    const isRefused = async () => (await statusFor(token, deploymentsIn(namespace))) === 401
    await until('the token is refused', isRefused)
    expect(await objectsLeft(name)).toEqual([`RoleBinding ${namespace}`, `Role ${namespace}`].sort())
    const why = async () => (await grantRow(id)).lastError ?? ''
    const both = /RoleBinding checkout-.*forbidden.*\. Postern can’t delete Role checkout-.*forbidden.*\.$/
    await until('the grant says what is left', async () => both.test(await why()))
    await allowPostern(namespace)
    await grantReaches(id, 'ended')
    expect(await objectsLeft(name)).toEqual([])
    await deleteNamespace(namespace)
  })
})

describe.concurrent('an object whose deletion hangs', () => {
  test.each<[ObjectKind, string, number]>([
    ['RoleBinding', 'payments', 401],
    ['ServiceAccount', 'postern-grants', 403],
  ])(
    'a %s in %s keeps no other object: the holder’s token gets %i, and the grant ends once the call responds',
    async (kind, namespace, status) => {
      const { id, name, holder, lead } = await anActiveGrant()
      const { token } = await issueCredential(asActor(holder), id)
      const respond = await hangDeletion({ kind, namespace, name })
      try {
        await revokeGrant(asActor(lead), id, { reason: 'enough' })
        const isRefused = async () => (await statusFor(token, deploymentsIn('payments'))) === status
        await until(`the token gets ${status}`, isRefused)
        await onlyThisIsLeft(name, `${kind} ${namespace}`)
        await until('the attempt is over', async () => Boolean((await grantRow(id)).lastError))
        expect(await grantRow(id)).toMatchObject({
          status: 'ending',
          lastError: expect.stringContaining('did not respond within 10 seconds'),
        })
      } finally {
        await respond()
      }
      await grantReaches(id, 'ended')
      expect(await objectsLeft(name)).toEqual([])
    },
  )
})
