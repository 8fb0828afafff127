import { expect, it } from 'vitest'
import type { GrantStatus } from '#lib/access/status'
import { findStrays, type ObservedObject } from './strays.ts'

const grantId = 'grt_01kb0000000000000000000000'
const object: ObservedObject = {
  kind: 'Role',
  namespace: 'payments',
  name: 'postern-01kb0000000000000000000000',
  uid: 'uid-1',
  labels: { 'app.kubernetes.io/managed-by': 'postern', 'postern.dev/grant': grantId },
}
const known = (status: GrantStatus, cluster = 'prod-eu', objects = [`Role payments/${object.name}`]) =>
  new Map([[grantId, { status, cluster, objects: new Set(objects) }]])
const whyOf = (observed: ObservedObject, grants: ReturnType<typeof known>) =>
  findStrays([observed], grants, 'prod-eu').map(({ why }) => why)

it.each(['pending', 'active', 'ending'] as const)('what a grant that is %s has on record is left alone', (status) => {
  expect(whyOf(object, known(status))).toEqual([])
})
it('what belongs to an ended grant is a stray', () => {
  expect(whyOf(object, known('ended'))).toEqual(['its grant has ended'])
})
it('what names a grant that is not on record is a stray', () => {
  expect(whyOf(object, new Map())).toEqual(['no grant with this id is on record'])
})
it('what carries our label and names no grant is a stray', () => {
  expect(whyOf({ ...object, labels: { 'app.kubernetes.io/managed-by': 'postern' } }, known('active'))).toEqual([
    'its label names no grant',
  ])
})
it('what wears the label of a live grant without being on its record is a stray', () => {
  expect(whyOf({ ...object, namespace: 'checkout' }, known('active'))).toEqual(['its grant does not have this object'])
})
it('what wears the label of a grant in another cluster is a stray', () => {
  expect(whyOf(object, known('active', 'staging'))).toEqual(['its grant belongs to another cluster'])
})
