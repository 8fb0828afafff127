import type { Exceptions } from '#lib/adapters/outbound'
import { asTeams } from '#lib/core/notices/as-teams'
import type { Channel } from './channel.ts'
import { post, requireSuccess } from './post.ts'

/** Microsoft Teams, through a workflow that a webhook request starts. A workflow can't change its earlier message. */
export function openTeams(url: string, exceptions: Exceptions): Channel {
  const { host } = new URL(url)
  return {
    concurrency: 1,
    send: async ({ content }) => {
      const headers = { 'content-type': 'application/json' }
      requireSuccess(host, await post(url, headers, JSON.stringify(asTeams(content)), exceptions))
      return null
    },
    close: () => {},
  }
}
