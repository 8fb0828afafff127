// What a notice says, the same over every channel. Each channel then writes it in its own notation (as-mail.ts, …).

import type { Suspicion } from '#lib/core/access/activity-resource'
import { outcomeLabels, type ReviewOutcome } from '#lib/core/access/break-glass'
import { durationInWords } from '#lib/core/access/duration'
import { exactTime } from '#lib/core/access/format-time'
import { groupsInWords } from '#lib/core/access/on-call'
import type { EndReason, RequestStatus } from '#lib/core/access/status'
import type { NoticeKind } from './kinds.ts'
import { clipped, line, visible } from './line.ts'
import { type PostureFacts, postureContent, readsEverything } from './posture-notice.ts'

/** Plain text throughout, safe to show as text: no channel's markup, no invisible characters. */
export type Content = {
  kind: NoticeKind
  /** What it is about: the ID of a request, or the posture of a cluster. */
  thread: string
  /** The same for every notice of a thread, because mail programs group by it. One line. */
  subject: string
  /** What happened, in one sentence. One line. */
  headline: string
  /** Why, and what to do. One line each. */
  sentences: string[]
  /** What someone wrote: may have several lines. */
  quote: { by: string; text: string } | null
  rows: Array<[label: string, value: string]>
  link: { label: string; url: string }
  /** Nothing is left to do about the request. A channel that can changes its earlier message. */
  isHandled: boolean
  /** Why the reader receives it. */
  receivedBecause: string
}

export type RequestFacts = {
  kind: Exclude<NoticeKind, 'posture-worsened'>
  publicUrl: string
  request: {
    id: string
    title: string
    cluster: string
    namespaces: readonly string[]
    durationSeconds: number
    /** Of an extension: with all access of the chain, if it begins at once. */
    totalSeconds: number | null
    startsAt: Date | null
    lapsesAt: Date
    reason: string
    ticket: string | null
    status: RequestStatus
    severity: 'low' | 'medium' | 'high'
    requester: string
    /** The program that submitted it for the requester. */
    agent: string | null
  }
  /** Of break-glass access: when its review is due, and the review. */
  breakGlass: {
    reviewDueAt: Date
    review: { by: string; outcome: ReviewOutcome; note: string } | null
  } | null
  /** The last decision. */
  decision: { by: string; note: string | null } | null
  /** The comment that the notice is about. */
  comment: { by: string; text: string; needsInformation: boolean } | null
  /** What is suspicious about a call, and the account that made it. */
  suspicion: { kind: Suspicion; account: string } | null
  /** To whom it was escalated, and how long no one had decided it. */
  escalation: { from: readonly string[]; to: readonly string[]; afterSeconds: number } | null
  /** The rota whose handover it is about, and the addresses of those who came on call. */
  handover: { rota: string; to: readonly string[] } | null
  grant: {
    expiresAt: Date | null
    endedAt: Date | null
    endedBy: EndReason | null
    endedByName: string | null
    endNote: string | null
    lastError: string | null
  } | null
}

export type NoticeFacts = RequestFacts | PostureFacts

const longestQuote = 2000

const quoteOf = (by: string, text: string | null): Content['quote'] =>
  text?.trim() ? { by: line(by, 80), text: clipped(visible(text).trim(), longestQuote) } : null

const utc = (at: Date | null) => (at ? `${exactTime(at.toISOString())} UTC` : 'unknown')

const decidedAs: Record<RequestStatus, string> = {
  pending: 'was decided',
  approved: 'was approved',
  denied: 'was denied',
  withdrawn: 'was withdrawn',
  lapsed: 'expired before it was decided',
}

const endedBecause = (endedBy: EndReason | null, by: string) =>
  ({
    expiry: 'It expired.',
    revocation: `${by} revoked it.`,
    release: `${by} released it.`,
    failure: 'Postern could not keep it as it was approved.',
    ineligible: 'The requester, an approver or the policy no longer permits it.',
    superseded: 'Its extension continues it.',
    unknown: '',
  })[endedBy ?? 'unknown']

type Said = Pick<Content, 'headline' | 'sentences' | 'quote' | 'isHandled'> & { action: string }

/** What each kind says, with names that are already in one line. */
function said(
  { kind, request, decision, comment, suspicion, escalation, handover, grant, breakGlass }: RequestFacts,
  isPersonal: boolean,
): Said {
  const title = line(request.title, 120)
  const requester = line(request.requester, 80)
  const cluster = line(request.cluster, 80)
  const submitter = request.agent === null ? requester : `An agent (${line(request.agent, 100)}) for ${requester}`
  const where = `${title} on ${cluster}`
  const by = line(grant?.endedByName ?? 'Postern', 80)
  const until = utc(grant?.expiresAt ?? null)
  // In a room, and to a program, no one is "you".
  const whose = isPersonal ? 'Your access' : `The access of ${requester}`
  const ending = isPersonal ? 'your access' : `the access of ${requester}`
  const only = (...sentences: string[]) => (isPersonal ? sentences : [])
  switch (kind) {
    case 'request-waits':
      return {
        headline: `${submitter} requests ${request.totalSeconds === null ? 'access' : 'more time'}: ${where}`,
        sentences: only('You can approve or deny this request in Postern.'),
        quote: quoteOf(request.requester, request.reason),
        isHandled: false,
        action: 'Review in Postern',
      }
    case 'request-reminder':
      return {
        headline: `The request of ${requester} still waits for a decision: ${where}`,
        sentences: only('You can approve or deny this request in Postern.'),
        quote: quoteOf(request.requester, request.reason),
        isHandled: false,
        action: 'Review in Postern',
      }
    case 'request-escalated': {
      const waited = escalation ? ` within ${durationInWords(escalation.afterSeconds)}` : ''
      const first = escalation ? line(groupsInWords(escalation.from)) : 'the first approvers'
      const next = escalation && !isPersonal ? ` It is escalated to ${line(groupsInWords(escalation.to))}.` : ''
      return {
        headline: `The request of ${requester} is escalated: ${where}`,
        sentences: [
          `It still needs a decision: ${first} did not complete it${waited}.${next}`,
          ...only('You can now approve or deny this request in Postern.'),
        ],
        quote: quoteOf(request.requester, request.reason),
        isHandled: false,
        action: 'Review in Postern',
      }
    }
    case 'request-handed-over': {
      const rota = line(handover?.rota ?? 'this request', 80)
      const onCall = line(handover?.to.join(' and ') ?? 'Someone else', 200)
      return {
        headline: `The request of ${requester} still waits for a decision: ${where}`,
        sentences: isPersonal
          ? [`You are on call for ${rota} now. You can approve or deny this request in Postern.`]
          : [`On call for ${rota} now: ${onCall}.`],
        quote: quoteOf(request.requester, request.reason),
        isHandled: false,
        action: 'Review in Postern',
      }
    }
    case 'comment-added': {
      const author = line(comment?.by ?? 'Someone', 80)
      const needsInformation = comment?.needsInformation ?? false
      return {
        headline: `${author} ${needsInformation ? 'needs more information about' : 'commented on'} the request of ${requester}: ${where}`,
        sentences: needsInformation ? [`Reminders and escalation wait until ${requester} answers in Postern.`] : [],
        quote: comment ? quoteOf(comment.by, comment.text) : null,
        isHandled: false,
        action: needsInformation ? 'Answer in Postern' : 'Open in Postern',
      }
    }
    case 'request-decided': {
      const decider = request.status === 'approved' || request.status === 'denied' ? decision?.by : null
      const who = decider ? ` by ${line(decider, 80)}` : ''
      const next: Record<RequestStatus, string[]> = {
        pending: [],
        approved: ['Postern creates the access now, or at the requested start.'],
        denied: ['No access was granted.'],
        withdrawn: ['The requester withdrew it. There is nothing to decide.'],
        lapsed: ['The requester can submit a new one.'],
      }
      return {
        headline: `The request of ${requester} ${decidedAs[request.status]}${who}: ${where}`,
        sentences: next[request.status],
        quote: decider && decision ? quoteOf(decision.by, decision.note) : null,
        isHandled: true,
        action: 'Open in Postern',
      }
    }
    case 'access-began':
      return {
        headline: `${whose} is active until ${until}: ${where}`,
        sentences: only(
          'Open the request in Postern and choose Connect to download a kubeconfig. Only you can do this, after you sign in.',
        ),
        quote: null,
        isHandled: true,
        action: isPersonal ? 'Connect in Postern' : 'Open in Postern',
      }
    case 'access-ends-soon':
      return {
        headline: `${whose} ends in ten minutes, at ${until}: ${where}`,
        sentences: only(
          'Finish or save your work. If you need more time, open the request in Postern and choose More time.',
        ),
        quote: null,
        isHandled: true,
        action: 'Open in Postern',
      }
    case 'access-revoked':
      return {
        headline:
          grant?.endedBy === 'ineligible'
            ? `Postern is ending ${ending}: ${where}`
            : `${by} is ending ${ending}: ${where}`,
        sentences: [endedBecause(grant?.endedBy ?? null, by)].filter(Boolean),
        quote: quoteOf(by, grant?.endNote ?? null),
        isHandled: true,
        action: 'Open in Postern',
      }
    case 'access-ended':
      return {
        headline: `${whose} has ended: ${where}`,
        sentences: [
          endedBecause(grant?.endedBy ?? null, by),
          `The cluster has denied the access since ${utc(grant?.endedAt ?? null)}.`,
        ].filter(Boolean),
        quote: null,
        isHandled: true,
        action: 'Open in Postern',
      }
    case 'begin-failed':
      return {
        headline: `${whose} could not begin: ${where}`,
        sentences: [
          line(grant?.endNote ?? grant?.lastError ?? 'The cluster refused it.', 500),
          'No access was granted.',
        ],
        quote: null,
        isHandled: true,
        action: 'Open in Postern',
      }
    case 'break-glass-used':
      return {
        headline: `${requester} uses break-glass access: ${where}`,
        sentences: [
          'It began without an approval.',
          ...only('You can revoke it in Postern.'),
          `Someone other than ${requester} reviews it before ${utc(breakGlass?.reviewDueAt ?? null)}.`,
        ],
        quote: quoteOf(request.requester, request.reason),
        isHandled: false,
        action: 'Open in Postern',
      }
    case 'review-due':
      return {
        headline: `The break-glass access of ${requester} waits for a review: ${where}`,
        sentences: [
          `It has ended. Record whether it was justified before ${utc(breakGlass?.reviewDueAt ?? null)}.`,
          `Once it is late, ${requester} can't use this break-glass access again until it is recorded.`,
        ],
        quote: quoteOf(request.requester, request.reason),
        isHandled: false,
        action: 'Review in Postern',
      }
    case 'review-recorded': {
      const review = breakGlass?.review
      const outcome = review ? outcomeLabels[review.outcome] : 'reviewed'
      return {
        headline: `${line(review?.by ?? 'Someone', 80)} reviewed the break-glass access of ${requester} as ${outcome}: ${where}`,
        sentences: [],
        quote: review ? quoteOf(review.by, review.note) : null,
        isHandled: true,
        action: 'Open in Postern',
      }
    }
    case 'suspicious-call': {
      const account = line(suspicion?.account ?? 'Someone', 120)
      const found: Record<Suspicion, string> = {
        'not-issued':
          'It was made with a token that Postern did not issue. Someone else requested that token from the cluster.',
        impersonated: `${account} acted as the account of this access.`,
        'after-end': 'The cluster accepted a token of this access after its end.',
      }
      return {
        headline: `A suspicious call was made with the access of ${requester}: ${where}`,
        sentences: [
          ...(suspicion ? [found[suspicion.kind]] : []),
          'The page of the request shows the calls, and has a button to end access that is still active.',
        ],
        quote: null,
        isHandled: false,
        action: 'Open in Postern',
      }
    }
    case 'end-failed':
      return {
        headline: `The access of ${requester} has not ended yet: ${where}`,
        sentences: [
          'The cluster has not confirmed the end for two minutes, so the access may still work. Postern keeps trying.',
          line(grant?.lastError ?? '', 500),
        ].filter(Boolean),
        quote: null,
        isHandled: true,
        action: 'Open in Postern',
      }
  }
}

/**
 * The content of a notice. It contains no secret: a reader can do nothing with it but sign in to Postern.
 * @param isPersonal it goes to one person; otherwise to a room or a program
 */
export function contentOf(facts: NoticeFacts, isPersonal: boolean): Content {
  if (facts.kind === 'posture-worsened') return postureContent(facts)
  const { kind, publicUrl, request } = facts
  const { action, ...rest } = said(facts, isPersonal)
  const rows: Array<[string, string]> = [
    ['Requester', line(request.requester, 80)],
    ['Access', line(request.title, 120)],
    ['Cluster', line(request.cluster, 80)],
    ['Namespaces', line(request.namespaces.join(', '))],
    ['Duration', durationInWords(request.durationSeconds)],
    ['Risk', request.severity],
  ]
  if (request.totalSeconds !== null) rows.push(['In total', durationInWords(request.totalSeconds)])
  if (request.startsAt) rows.push(['Start', utc(request.startsAt)])
  if (request.ticket) rows.push(['Ticket', line(request.ticket, 80)])
  if (request.status === 'pending') rows.push(['Decide before', utc(request.lapsesAt)])
  return {
    kind,
    thread: request.id,
    subject: line(`${request.title} on ${request.cluster} for ${request.requester}`, 140),
    ...rest,
    rows,
    link: { label: action, url: new URL(`/requests/${request.id}`, publicUrl).href },
    receivedBecause: kind === 'suspicious-call' ? readsEverything : 'of your role in this request',
  }
}

/**
 * A notice that arrives after quiet hours, with what happened about the same request before it.
 * @param before oldest first
 */
export const withMeanwhile = (content: Content, before: ReadonlyArray<{ at: Date; content: Content }>): Content => ({
  ...content,
  sentences: [
    ...content.sentences,
    ...before.map(({ at, content: { headline } }) => `Earlier, at ${utc(at)}: ${headline}`),
  ],
})
