// What people are notified of. A trigger of the database writes these kinds (section 8 of the migration; a test compares the lists).

export const noticeKinds = [
  'request-waits',
  'request-reminder',
  'request-escalated',
  'request-handed-over',
  'comment-added',
  'request-decided',
  'access-began',
  'access-ends-soon',
  'access-revoked',
  'access-ended',
  'begin-failed',
  'end-failed',
  'break-glass-used',
  'review-due',
  'review-recorded',
  'posture-worsened',
  'suspicious-call',
] as const
export type NoticeKind = (typeof noticeKinds)[number]

/** What each kind says, for lists. */
export const kindLabels: Record<NoticeKind, string> = {
  'request-waits': 'A request waits for a decision',
  'request-reminder': 'A request still waits for a decision',
  'request-escalated': 'A request is escalated to you',
  'request-handed-over': 'A request waits when you come on call',
  'comment-added': 'Someone comments on a request',
  'request-decided': 'A request was decided',
  'access-began': 'Access begins',
  'access-ends-soon': 'Access ends in ten minutes',
  'access-revoked': 'Someone ends the access',
  'access-ended': 'Access has ended',
  'begin-failed': 'Access could not begin',
  'end-failed': 'Access could not be ended',
  'break-glass-used': 'Someone uses break-glass access',
  'review-due': 'Break-glass access waits for a review',
  'review-recorded': 'Break-glass access was reviewed',
  'posture-worsened': 'Standing access with a new high risk is found',
  'suspicious-call': 'A suspicious call is made with a grant',
}

export const channelNames = ['email', 'browser', 'slack-direct', 'webhook', 'slack', 'teams'] as const
export type ChannelName = (typeof channelNames)[number]

export const channelLabels: Record<ChannelName, string> = {
  email: 'E-mail',
  browser: 'Browser',
  'slack-direct': 'Slack, direct messages',
  webhook: 'Webhook',
  slack: 'Slack',
  teams: 'Microsoft Teams',
}

/** The channels that notify each person on their own, as they want it. */
export const personalChannels: readonly ChannelName[] = ['email', 'browser', 'slack-direct']

/** The recipient of a channel that is not a person's: a room, or a program. */
export const everyone = '*'
