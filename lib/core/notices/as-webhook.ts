// A notice as the JSON of a webhook (Standard Webhooks: type, timestamp, data). Fields are only ever added to version 1.
import type { Content, NoticeFacts } from './content.ts'

export function asWebhook(facts: NoticeFacts, content: Content, at: Date) {
  const common = {
    version: 1,
    headline: content.headline,
    sentences: content.sentences,
    note: content.quote,
    url: content.link.url,
  }
  const envelope = { type: content.kind, timestamp: at.toISOString() }
  if (facts.kind === 'posture-worsened') {
    const { cluster, findings } = facts
    return { ...envelope, data: { ...common, cluster, findings } }
  }
  const { request, grant, decision } = facts
  return {
    ...envelope,
    data: {
      ...common,
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
