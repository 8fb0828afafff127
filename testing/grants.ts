import { db } from '#lib/adapters/db/client'
import type { Grant, Request } from '#lib/adapters/db/generated/client'
import type { Person } from '#lib/core/access/actor'
import { kubectl } from './kubectl.ts'
import { aPerson } from './people.ts'
import { aDecision, aRequest } from './requests.ts'
import { until } from './until.ts'

export type ApprovedRequest = { holder: Person; lead: Person; request: Request }

/** An approved request with a lead's decision. The grant is the test's to add: it is what a worker acts on. */
export async function anApprovedRequest(overrides: Parameters<typeof aRequest>[0] = {}): Promise<ApprovedRequest> {
  const holder = await aPerson()
  const lead = await aPerson({ groups: ['payments-leads'] })
  const pending = await aRequest({ requester: holder, ...overrides, status: 'pending' })
  await aDecision(pending, lead)
  const request = await db().request.update({
    where: { id: pending.id },
    data: { status: 'approved', resolvedAt: new Date() },
  })
  return { holder, lead, request }
}

export const grantRow = (id: string) => db().grant.findUniqueOrThrow({ where: { id }, include: { objects: true } })

/** Waits until a worker has brought the grant there. */
export async function grantReaches(id: string, status: Grant['status'], withinMs = 20_000) {
  const told = async () => {
    const { status: now, lastError } = await grantRow(id)
    return `${id} ${status} (it is ${now}${lastError ? `: ${lastError}` : ''})`
  }
  try {
    await until(`${id} ${status}`, async () => (await grantRow(id)).status === status, withinMs)
  } catch (error) {
    throw new Error(await told(), { cause: error })
  }
  return grantRow(id)
}

/** What there is in the cluster of a grant, as its administrator sees it: `role.rbac.authorization.k8s.io/postern-…`. */
export async function objectsInCluster(grantId: string): Promise<string[]> {
  const names = await kubectl(['get', 'sa,role,rolebinding', '-A', '-l', `postern.dev/grant=${grantId}`, '-o', 'name'])
  return names.split('\n').filter(Boolean)
}
