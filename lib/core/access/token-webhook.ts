// Does the API server of a cluster with `webhookAuthentication` ask Postern about tokens, and accept those that Postern signs?
import { z } from 'zod'
import { time } from './resource-fields.ts'

/** What became of the last token with which a worker tried it. */
export const tokenProbe = z.strictObject({
  at: z.iso.datetime(),
  accepted: z.boolean(),
  /** What the API server did with the token instead; null if it accepted it. */
  answer: z.string().nullable(),
})
export type TokenProbe = z.infer<typeof tokenProbe>

export const tokenWebhookState = z.strictObject({
  accepted: z.boolean().nullable().meta({
    description: 'Whether the API server accepted the last token with which Postern tried it; null before that.',
  }),
  probedAt: time.nullable().meta({ description: 'When Postern last tried it.' }),
  lastReviewAt: time
    .nullable()
    .meta({ description: 'When the API server last sent a TokenReview, whatever the token.' }),
  problem: z.string().nullable().meta({ description: 'Why it is not accepted; null if it is.' }),
  fix: z.string().nullable().meta({ description: 'What to do about the problem.' }),
})
export type TokenWebhookState = z.infer<typeof tokenWebhookState>

/** Milliseconds. A review this long before or after a probe can have been about it; processes store the times late. */
const nearMs = 60_000

function problemOf({ at, answer }: TokenProbe, lastReviewAt: Date | null): { problem: string; fix: string } {
  if (lastReviewAt && lastReviewAt.getTime() > Date.parse(at) - nearMs)
    return {
      problem:
        `The API server sends TokenReviews to Postern, but did not accept one of Postern. ${answer ?? ''}`.trim(),
      fix:
        'Give all processes of Postern the same POSTERN_SIGNING_KEY and publicUrl, and start the API server with ' +
        '--authentication-token-webhook-version=v1.',
    }
  return {
    problem:
      `The API server does not send TokenReviews to Postern, so access that begins now does not work. ${answer ?? ''}`.trim(),
    fix:
      'Start each kube-apiserver with --authentication-token-webhook-config-file. Check that it reaches the address in that ' +
      'file, and that the file has the token of tokenFile (docs/token-webhook.md).',
  }
}

export function tokenWebhookStateOf(probe: TokenProbe | null, lastReviewAt: Date | null): TokenWebhookState {
  return {
    accepted: probe?.accepted ?? null,
    probedAt: probe?.at ?? null,
    lastReviewAt: lastReviewAt?.toISOString() ?? null,
    ...(probe && !probe.accepted ? problemOf(probe, lastReviewAt) : { problem: null, fix: null }),
  }
}
