import { z } from 'zod'
import { quietHoursSchema } from './quiet-hours.ts'

const time = z.iso.datetime()

/** lib/core/notices/kinds.ts has the same lists. */
const kinds = [
  ...(['request-waits', 'request-reminder', 'request-escalated', 'request-handed-over'] as const),
  ...(['comment-added', 'request-decided'] as const),
  ...(['access-began', 'access-ends-soon', 'access-revoked'] as const),
  ...(['access-ended', 'begin-failed', 'end-failed', 'break-glass-used', 'review-due', 'review-recorded'] as const),
  ...(['posture-worsened', 'suspicious-call'] as const),
] as const

const muted = z.array(z.enum(kinds)).max(20)

/** The kinds that a person does not want by e-mail, and when mails wait. */
export const noticePreferences = z
  .strictObject({ muted, quietHours: quietHoursSchema.nullable() })
  .meta({ id: 'NoticePreferences' })
export type NoticePreferences = z.infer<typeof noticePreferences>

export const noticePreferencesInput = z
  .strictObject({
    muted: muted.optional().meta({ description: 'If absent, it stays as it is.' }),
    quietHours: quietHoursSchema
      .nullable()
      .optional()
      .meta({ description: 'If absent, they stay as they are; null ends them.' }),
  })
  .meta({ id: 'NoticePreferencesInput' })
export type NoticePreferencesInput = z.infer<typeof noticePreferencesInput>

const noticeChannels = ['email', 'browser', 'slack-direct', 'webhook', 'slack', 'teams'] as const

/** A channel as it is now. */
const channelResource = z
  .strictObject({
    channel: z.string(),
    waiting: z.int(),
    /** When the oldest notice that is due began to wait; null without one. */
    waitingSince: time.nullable(),
    dead: z.int(),
    lastError: z.string().nullable(),
  })
  .meta({ id: 'NotificationChannel' })
export type ChannelResource = z.infer<typeof channelResource>

/** A notice that was given up. It has no text: the request does. */
const deadNoticeResource = z
  .strictObject({
    id: z.string(),
    kind: z.string(),
    channel: z.string(),
    /** Null for a notice about the standing access of a cluster. */
    requestId: z.string().nullable(),
    /** The person's name; null where the channel itself is the recipient. */
    recipient: z.string().nullable(),
    attempts: z.int(),
    error: z.string().nullable(),
    at: time,
  })
  .meta({ id: 'DeadNotice' })
export type DeadNotice = z.infer<typeof deadNoticeResource>

export const noticesResource = z
  .strictObject({ channels: z.array(channelResource), dead: z.array(deadNoticeResource) })
  .meta({ id: 'Notices' })
export type NoticesResource = z.infer<typeof noticesResource>

export const sendAgainSchema = z.strictObject({ channel: z.enum(noticeChannels) }).meta({ id: 'SendAgain' })
export type SendAgain = z.infer<typeof sendAgainSchema>

export const sentAgainResource = z.strictObject({ count: z.int() }).meta({ id: 'SentAgain' })
