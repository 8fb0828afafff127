import type { Exceptions } from '#lib/adapters/outbound'
import type { ChannelName } from '#lib/core/notices/kinds'
import { env } from '#lib/env'
import { type Channel, DeliveryFailed } from './channel.ts'
import { type EmailSettings, openEmail } from './email.ts'
import { openSlack, type SlackSettings } from './slack.ts'
import { openTeams } from './teams.ts'
import { openWebhook } from './webhook.ts'

export type ChannelSettings = {
  email?: EmailSettings | undefined
  webhook?: { url: string } | undefined
  slack?: SlackSettings | undefined
  teams?: object | undefined
}

/** A channel whose secret is missing: every notice waits and says why, until the secret is there. */
const withoutSecret = (name: string): Channel => ({
  concurrency: 1,
  send: async () => {
    throw new DeliveryFailed(`${name} is not set in the environment of the worker`, { isOfChannel: true })
  },
  close: () => {},
})

/** The channels that the configuration names. */
export function openChannels(
  settings: ChannelSettings,
  { publicUrl, exceptions }: { publicUrl: string; exceptions: Exceptions },
): Map<ChannelName, Channel> {
  const { email, webhook, slack, teams } = settings
  const { smtpPassword, webhookSecret, slackToken, teamsUrl } = env()
  const channels = new Map<ChannelName, Channel>()
  if (email) {
    const { hostname: host } = new URL(publicUrl)
    const isMissing = email.username !== undefined && smtpPassword === undefined
    channels.set(
      'email',
      isMissing ? withoutSecret('POSTERN_SMTP_PASSWORD') : openEmail(email, smtpPassword, { exceptions, host }),
    )
  }
  if (webhook) {
    channels.set(
      'webhook',
      webhookSecret ? openWebhook(webhook, webhookSecret, exceptions) : withoutSecret('POSTERN_WEBHOOK_SECRET'),
    )
  }
  if (slack) {
    channels.set('slack', slackToken ? openSlack(slack, slackToken, exceptions) : withoutSecret('POSTERN_SLACK_TOKEN'))
  }
  if (teams) {
    channels.set('teams', teamsUrl ? openTeams(teamsUrl, exceptions) : withoutSecret('POSTERN_TEAMS_URL'))
  }
  return channels
}
