// A notice as the JSON of a webhook (Standard Webhooks: type, timestamp, data). Fields are only ever added to version 1.
import type { Content, NoticeFacts } from './content.ts'

export function asWebhook({ request, grant, decision }: NoticeFacts, content: Content, at: Date) {
  return {
    type: content.kind,
    timestamp: at.toISOString(),
    data: {
      version: 1,
      headline: content.headline,
      sentences: content.sentences,
      note: content.quote,
      url: content.link.url,
      request: {
        id: request.id,
        status: request.status,
        title: request.title,
        requester: request.requester,
        cluster: request.cluster,
        namespaces: request.namespaces,
        durationSeconds: request.durationSeconds,
        startsAt: request.startsAt?.toISOString() ?? null,
        ticket: request.ticket,
        severity: request.severity,
      },
      decidedBy: decision?.by ?? null,
      access: grant && {
        expiresAt: grant.expiresAt?.toISOString() ?? null,
        endedAt: grant.endedAt?.toISOString() ?? null,
        endedBy: grant.endedBy,
      },
    },
  }
}
