import { expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { atOnce } from '#testing/at-once'
import { testBench } from '#testing/bench'
import { anEntitlement } from '#testing/configuration'
import { decide, requestRow } from '#testing/decisions'
import { aPerson, asActor, companyActors } from '#testing/people'
import { aRequest } from '#testing/requests'
import { withdrawRequest } from './withdraw-request.ts'

const { database } = await testBench()
const { priya, sam } = await companyActors('priya', 'sam')
const twoApprovals = anEntitlement({ approvals: [{ groups: ['payments-leads'], count: 2 }] })

const decideAtOnce = ({ id }: { id: string }, ...calls: Array<() => Promise<unknown>>) =>
  atOnce(database, 'requests', id, calls)

test('of two approvers at once one approves, the other reads who was faster, and there is one grant', async () => {
  for (const [first, second] of [
    [priya, sam],
    [sam, priya],
  ] as const) {
    const request = await aRequest()
    const results = await decideAtOnce(
      request,
      () => decide(first, request),
      () => decide(second, request),
    )
    expect(results).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'conflict' } }])
    const faster = `This request was already approved by ${first.person.name} at 20`
    expect(results[1]).toMatchObject({ reason: { message: expect.stringContaining(faster) } })
    const row = await requestRow(request)
    expect(row.decisions).toHaveLength(1)
    expect(row.grant).not.toBeNull()
  }
})

test('an approval and a denial at once have one outcome, and only an approval creates a grant', async () => {
  for (const decision of ['approve', 'deny'] as const) {
    const request = await aRequest()
    const other = decision === 'approve' ? 'deny' : 'approve'
    await decideAtOnce(
      request,
      () => decide(priya, request, { decision }),
      () => decide(sam, request, { decision: other }),
    )
    const { status, decisions, grant } = await requestRow(request)
    expect(decisions).toMatchObject([{ decision }])
    expect([status, grant !== null]).toEqual(decision === 'approve' ? ['approved', true] : ['denied', false])
  }
})

test('a withdrawal and an approval at once have one outcome, and a withdrawn request has no grant', async () => {
  for (const isWithdrawn of [true, false]) {
    const requester = await aPerson()
    const request = await aRequest({ requester })
    const calls = [() => withdrawRequest(asActor(requester), request.id), () => decide(priya, request)]
    const results = await decideAtOnce(request, ...(isWithdrawn ? calls : calls.reverse()))
    expect(results).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected' }])
    const { status, grant } = await requestRow(request)
    expect([status, grant !== null]).toEqual(isWithdrawn ? ['withdrawn', false] : ['approved', true])
  }
})

test('the last two approvals at once both count, and there is one grant', async () => {
  const request = await aRequest({ entitlement: twoApprovals })
  const results = await decideAtOnce(
    request,
    () => decide(priya, request),
    () => decide(sam, request),
  )
  expect(results).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }])
  expect((await requestRow(request)).status).toBe('approved')
  expect(await db().grant.count({ where: { requestId: request.id } })).toBe(1)
})

test('a person who approves twice at once has approved once', async () => {
  const request = await aRequest({ entitlement: twoApprovals })
  const approve = () => decide(priya, request)
  expect(await decideAtOnce(request, approve, approve)).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected' }])
  expect((await requestRow(request)).decisions).toHaveLength(1)
})
