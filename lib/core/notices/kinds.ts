// What people are notified of. A trigger of the database writes these kinds (section 8 of the migration; a test compares the lists).

export const noticeKinds = [
  'request-waits',
  'request-decided',
  'access-began',
  'access-ends-soon',
  'access-revoked',
  'access-ended',
  'begin-failed',
  'end-failed',
] as const
export type NoticeKind = (typeof noticeKinds)[number]

export const channelNames = ['email', 'webhook', 'slack', 'teams'] as const
export type ChannelName = (typeof channelNames)[number]

/** The recipient of a channel that is not a person's: a room, or a program. */
export const everyone = '*'
