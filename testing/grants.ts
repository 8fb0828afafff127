import { db } from '#lib/adapters/db/client'
import type { Grant, Request } from '#lib/adapters/db/generated/client'
import type { Person } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import type { Rule } from '#lib/core/access/rule'
import { grantObjects, type Manifest } from '#lib/core/grants/manifests'
import { objectName } from '#lib/core/grants/names'
import { kubectl } from './kubectl.ts'
import { aPerson } from './people.ts'
import { aDecision, aGrant, aRequest } from './requests.ts'
import { until } from './until.ts'

export type ApprovedRequest = { holder: Person; lead: Person; request: Request }
type RequestOverrides = Parameters<typeof aRequest>[0]

/** A request that a lead has approved. It has no grant: a test adds one, and a worker acts on it. */
export async function anApprovedRequest(overrides: RequestOverrides = {}): Promise<ApprovedRequest> {
  const holder = overrides.requester ?? (await aPerson())
  const lead = await aPerson({ groups: ['payments-leads'] })
  const pending = await aRequest({ ...overrides, requester: holder, status: 'pending' })
  await aDecision(pending, lead)
  const request = await db().request.update({
    where: { id: pending.id },
    data: { status: 'approved', resolvedAt: new Date() },
  })
  return { holder, lead, request }
}

export const grantRow = (id: string) => db().grant.findUniqueOrThrow({ where: { id }, include: { objects: true } })
type GrantRow = Awaited<ReturnType<typeof grantRow>>

/** A worker that is busy uses all connections of this process for a while: then the status is not known yet. */
const statusIfKnown = (id: string) =>
  grantRow(id).then(
    ({ status }) => status,
    (error: unknown) => {
      if (error instanceof AppError && error.code === 'unavailable') return null
      throw error
    },
  )

/** Waits until a worker has brought the grant to this status. */
export async function grantReaches(id: string, status: Grant['status'], withinMs = 60_000): Promise<GrantRow> {
  try {
    await until(`${id} ${status}`, async () => (await statusIfKnown(id)) === status, withinMs)
  } catch (error) {
    const { status: now, lastError } = await grantRow(id)
    throw new Error(`${id} is ${now}, not ${status}${lastError ? `: ${lastError}` : ''}`, { cause: error })
  }
  return grantRow(id)
}

/** A grant that a worker has made active, and the name of its objects in the cluster. */
export async function anActiveGrant(
  overrides: RequestOverrides = {},
): Promise<ApprovedRequest & { id: string; name: string; grant: GrantRow }> {
  const approved = await anApprovedRequest(overrides)
  const { id } = await aGrant({ request: approved.request })
  return { ...approved, id, name: objectName(id), grant: await grantReaches(id, 'active') }
}

/** The objects of a grant as a worker would create them. */
export const manifestsOf = (
  grantId: string,
  { holder, request }: ApprovedRequest,
  { publicUrl, expiresAt = null }: { publicUrl: string; expiresAt?: Date | null },
): Manifest[] =>
  grantObjects({
    subject: 'ServiceAccount',
    ...{ grantId, namespaces: request.namespaces, rules: request.rules as Rule[], clusterRole: null },
    ...{ requester: holder, requestUrl: `${publicUrl}/requests/${request.id}` },
    ...{ digest: request.digest, expiresAt },
  })

/** Records that a worker is about to create these objects, as it does before it touches the cluster. */
export const recordIntent = (grantId: string, manifests: readonly Manifest[]) =>
  db().grantObject.createMany({
    data: manifests.map(({ kind, metadata: { namespace, name } }) => ({
      ...{ grantId, cluster: 'prod-eu', kind, namespace, name },
    })),
  })

/** Gives an approved request its grant, and waits until a worker has ended it. */
export const endedGrantOf = async (request: Request): Promise<GrantRow> =>
  grantReaches((await aGrant({ request })).id, 'ended')

/** The objects of a grant in the cluster, as its administrator sees them: `role.rbac.authorization.k8s.io/postern-…`. */
export async function objectsInCluster(grantId: string): Promise<string[]> {
  const names = await kubectl(['get', 'sa,role,rolebinding', '-A', '-l', `postern.dev/grant=${grantId}`, '-o', 'name'])
  return names.split('\n').filter(Boolean)
}

/** Waits until no object of a grant is left in the cluster. */
export const objectsAreGone = (grantId: string) =>
  until(`no object of ${grantId} is left`, async () => (await objectsInCluster(grantId)).length === 0, 120_000)
