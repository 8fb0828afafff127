import { expect, test } from 'vitest'
import type { CallApi } from '#lib/api-client/api-call'
import { tokenWebhookFinding } from './token-webhook.ts'

const now = Date.parse('2026-11-28T10:01:00Z')
const probedAt = '2026-11-28T10:00:00.000Z'
const good = { accepted: true, probedAt, lastReviewAt: probedAt, problem: null, fix: null }

const findingOf = (tokenWebhook: object | null | undefined, name = 'prod-eu', at = now) => {
  const answer = { items: [{ name: 'prod-eu', publicServer: 'https://k.example.com', tokenWebhook }] }
  const call: CallApi = async ({ response }) => response.parse(answer)
  return tokenWebhookFinding(call, name, at)
}

test('the doctor says that the API server accepts tokens of Postern, and when it last asked', async () => {
  expect(await findingOf(good)).toEqual({
    what: 'token webhook',
    result: 'ok',
    detail: `the tokens of Postern are accepted by the API server, which last sent a TokenReview at ${probedAt}`,
  })
})

test('the doctor repeats what Postern found wrong, with the fix', async () => {
  const finding = await findingOf({ ...good, accepted: false, problem: 'It does not ask.', fix: 'Set the flag.' })
  expect(finding).toMatchObject({ result: 'problem', detail: 'It does not ask.', fix: 'Set the flag.' })
})

test('an answer that is missing or older than five minutes is a problem', async () => {
  expect(await findingOf({ ...good, accepted: null, probedAt: null })).toMatchObject({ result: 'problem' })
  expect(await findingOf(good, 'prod-eu', now + 600_000)).toMatchObject({
    result: 'problem',
    detail: `Postern last tried it at ${probedAt}`,
  })
})

test('nothing is said where Postern signs no tokens, or by an older server, and an unknown cluster is an error', async () => {
  expect(await findingOf(null)).toBeNull()
  expect(await findingOf(undefined)).toBeNull()
  await expect(findingOf(good, 'elsewhere')).rejects.toThrow('postern.yaml has no cluster "elsewhere"')
})
