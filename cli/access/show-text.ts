// One request in full, and the preview of one, for people.

import type { Difference, Preview, RequestInFull, RequestState } from '#lib/api-client/shapes'
import { fieldsOf, line, sentenceLine } from '../output.ts'
import { type Paint, severityStyle } from '../terminal.ts'
import { approversOf, clock, durationText, heldInWords, rulesText, severityOf, statusOf, timeLeft } from './words.ts'

function differenceText(difference: Difference): string {
  if (!difference.known) return `not known: ${difference.why}`
  if (difference.gained.length === 0) return 'nothing that the requester does not have already'
  return difference.gained
    .map(({ namespaces, rules }) => `${rulesText(rules, null)} in ${namespaces.join(', ')}`)
    .join('\n')
}

type Risk = RequestState['risk']

function riskText(risk: Risk, paint: Paint): string {
  const { severity, findings } = risk
  const style = severityStyle[severityOf(risk)]
  const most = findings.slice(0, 8).map((finding) => `\n  ${line(`${finding.severity}: ${finding.sentence}`, 200)}`)
  const more = findings.length > 8 ? `\n  and ${findings.length - 8} more` : ''
  return `Risk: ${paint(style, line(severity))}${most.join('')}${more}\n`
}

/** The terms that a decision binds to, and what a decider has to know. */
export function termsText(request: RequestInFull, paint: Paint): string {
  const { requester, cluster, namespaces, rules, clusterRole, reason, ticket, duration, startsAt, difference } = request
  return (
    `${paint('bold', line(request.title))}\n` +
    fieldsOf([
      ['Requester', requester.email ? `${requester.name} <${requester.email}>` : requester.name],
      ['Submitted by', request.agent && `an agent (${request.agent})`],
      ['Entitlement', request.entitlement],
      ['Cluster', cluster],
      ['Namespaces', namespaces.join(', ')],
      ['Permissions', rulesText(rules, clusterRole)],
      ['New to them', differenceText(difference)],
      ['Duration', durationText(duration)],
      ['Starts', startsAt && clock(startsAt)],
      ['Reason', reason],
      ['Ticket', ticket],
      ['Problem', request.signatureFailure],
    ]) +
    riskText(request.risk, paint) +
    fieldsOf([['Digest', request.digest]])
  )
}

export function requestText(request: RequestInFull, paint: Paint): string {
  const { id, steps, decisions, comments, grant, lapsesAt, status, createdAt, needsInformationSince } = request
  const { review, reviewDueAt } = request
  const commented = comments.map(
    ({ person, text, needsInformation, at }) =>
      `${line(person.name)} at ${clock(at)}${needsInformation ? ', needs more information' : ''}: ${text}`,
  )
  const decided = decisions.map(
    ({ person, decision, note, narrowed, at }) =>
      `${decision === 'approve' ? 'approved' : 'denied'} by ${line(person.name)} at ${clock(at)}${narrowed ? ', narrowed' : ''}${note ? `: ${note}` : ''}`,
  )
  return (
    termsText(request, paint) +
    fieldsOf([
      ['Request', id],
      ['Submitted', clock(createdAt)],
      ['Status', statusOf(request)],
      [
        'Waiting for',
        needsInformationSince
          ? `an answer from ${request.requester.name}`
          : status === 'pending'
            ? approversOf(steps)
            : null,
      ],
      ['Expires', status === 'pending' ? `in ${timeLeft(lapsesAt)}` : null],
      ['Comments', commented],
      ['Decisions', decided],
      [
        'Review',
        review
          ? `${review.outcome}, by ${review.person.name}: ${review.note}`
          : reviewDueAt && `due ${clock(reviewDueAt)}`,
      ],
      ['Grant', grant?.id],
      [
        'Access until',
        grant?.expiresAt && grant.status === 'active'
          ? `${clock(grant.expiresAt)} (${timeLeft(grant.expiresAt)})`
          : null,
      ],
      ['Cluster says', grant?.lastError],
    ])
  )
}

export type PartOfBody = { reason?: unknown; ticket?: unknown }

/** A dry run may leave out the reason and the ticket. Then nothing is wrong with them yet. */
export const isLater = ({ pointer }: { pointer: string }, { reason, ticket }: PartOfBody): boolean =>
  (pointer === '/reason' && !reason) || (pointer === '/ticket' && !ticket)

/** The answer of a dry run. */
export function previewText(
  { verdict, steps, difference, risk, objects, digest, rules, maxDuration, alreadyHeld }: Preview,
  body: PartOfBody,
  paint: Paint,
): string {
  const { warnings } = verdict
  const violations = verdict.violations.filter((one) => !isLater(one, body))
  const later = verdict.violations.filter((one) => isLater(one, body))
  const outcome = violations.length === 0 ? paint('green', 'Would be accepted.') : paint('red', 'Would be refused.')
  return [
    `${outcome}\n`,
    ...alreadyHeld.map((held) => `  ${heldInWords(held)}\n`),
    ...violations.map(({ pointer, sentence }) => `  ${line(pointer)}: ${sentenceLine(sentence)}\n`),
    ...later.map(({ sentence }) => `  still needed: ${sentenceLine(sentence)}\n`),
    ...warnings.map(({ sentence }) => `  warning: ${sentenceLine(sentence)}\n`),
    fieldsOf([
      ['Approval', violations.length === 0 ? approversOf(steps) || 'not needed' : null],
      ['Permissions', rules.length > 0 ? rulesText(rules, null) : null],
      ['New to you', differenceText(difference)],
      ['At most', durationText(maxDuration)],
      ['Objects', objects.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`)],
      ['Digest', violations.length === 0 ? digest : null],
    ]),
    riskText(risk, paint),
  ].join('')
}
