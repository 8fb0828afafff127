import { expect, test } from 'vitest'
import { tokenWebhookStateOf } from './token-webhook.ts'

const at = '2026-11-28T10:00:00.000Z'
const answer = 'It refused the token (401).'

test('an API server that sent no TokenReview around a refused token is said not to ask Postern, with the flag to set', () => {
  for (const lastReviewAt of [null, new Date('2026-11-28T09:50:00Z')]) {
    const state = tokenWebhookStateOf({ at, accepted: false, answer }, lastReviewAt)
    expect(state).toMatchObject({ accepted: false, probedAt: at, lastReviewAt: lastReviewAt?.toISOString() ?? null })
    expect(state.problem).toMatch(/^The API server does not send TokenReviews to Postern/)
    expect(state.fix).toContain('--authentication-token-webhook-config-file')
  }
})

test('one that does send TokenReviews is said to refuse them, with what else can be wrong', () => {
  const state = tokenWebhookStateOf({ at, accepted: false, answer }, new Date('2026-11-28T09:59:30Z'))
  expect(state.problem).toMatch(
    /^The API server sends TokenReviews to Postern, but did not accept one of Postern. It refused/,
  )
  expect(state.fix).toContain('POSTERN_SIGNING_KEY')
})

test('one that accepted the token has no problem, and one that was not tried has no answer', () => {
  const none = { problem: null, fix: null }
  expect(tokenWebhookStateOf({ at, accepted: true, answer: null }, new Date(at))).toMatchObject({
    accepted: true,
    ...none,
  })
  expect(tokenWebhookStateOf(null, null)).toEqual({ accepted: null, probedAt: null, lastReviewAt: null, ...none })
})
