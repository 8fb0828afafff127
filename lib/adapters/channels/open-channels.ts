import type { Exceptions } from '#lib/adapters/outbound'
import type { ChannelName } from '#lib/core/notices/kinds'
import { env } from '#lib/env'
import { areVapidKeys, type BrowserSettings, type Browsers, openBrowser } from './browser.ts'
import { type Channel, DeliveryFailed } from './channel.ts'
import { type EmailSettings, openEmail } from './email.ts'
import { openSlack, openSlackDirect } from './slack.ts'
import { openTeams } from './teams.ts'
import { openWebhook } from './webhook.ts'

export type ChannelSettings = {
  email?: EmailSettings | undefined
  webhook?: { url: string } | undefined
  slack?: { channel?: string | undefined; direct?: true | undefined; apiUrl: string } | undefined
  teams?: object | undefined
  browser?: BrowserSettings | undefined
}

/** A channel that is not set up: every notice waits and says why, until it is. */
const unusable = (why: string): Channel => ({
  concurrency: 1,
  send: async () => {
    throw new DeliveryFailed(why, { isOfChannel: true })
  },
  close: () => {},
})

const withoutSecret = (name: string) => unusable(`${name} is not set in the environment of the worker`)

/** The channels that the configuration names. */
export function openChannels(
  settings: ChannelSettings,
  { publicUrl, exceptions, browsers }: { publicUrl: string; exceptions: Exceptions; browsers: Browsers },
): Map<ChannelName, Channel> {
  const { email, webhook, slack, teams, browser } = settings
  const { smtpPassword, webhookSecret, slackToken, teamsUrl, vapidKey } = env()
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
  if (slack?.channel !== undefined) {
    const room = { apiUrl: slack.apiUrl, channel: slack.channel }
    channels.set('slack', slackToken ? openSlack(room, slackToken, exceptions) : withoutSecret('POSTERN_SLACK_TOKEN'))
  }
  if (slack?.direct) {
    channels.set(
      'slack-direct',
      slackToken ? openSlackDirect(slack, slackToken, exceptions) : withoutSecret('POSTERN_SLACK_TOKEN'),
    )
  }
  if (teams) {
    channels.set('teams', teamsUrl ? openTeams(teamsUrl, exceptions) : withoutSecret('POSTERN_TEAMS_URL'))
  }
  if (browser) {
    if (!vapidKey) channels.set('browser', withoutSecret('POSTERN_VAPID_KEY'))
    else if (!areVapidKeys(browser.publicKey, vapidKey))
      channels.set('browser', unusable('POSTERN_VAPID_KEY does not belong to notifications.browser.publicKey'))
    else channels.set('browser', openBrowser(browser, vapidKey, { exceptions, browsers }))
  }
  return channels
}
