import { Link } from '#components/ui/link'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { Change, Replay } from '#lib/core/access/policy-trial'
import { requiredByLabel } from '#lib/core/access/required-by-label'
import { OutcomeMark, UnknownFacts } from './trial-result.tsx'

const signs: Record<Change['now'], { sign: string; word: string; colour: string }> = {
  more: { sign: '+', word: 'stricter', colour: 'text-waiting' },
  less: { sign: '−', word: 'looser', colour: 'text-good' },
}

const requests = (count: number) => (count === 1 ? '1 request' : `${count} requests`)

/** Which requests get another verdict from the tried policy, and why; and how often each guardrail matches. */
export function ReplayResult({ replay }: { replay: Replay }) {
  const { judged, leftOut, since, changed, items, guardrails, against } = replay
  if (judged === 0) return <p>Nothing to replay: there are no requests that you can see.</p>
  const other = guardrails.filter(({ before, after }) => before !== after)
  return (
    <div className="space-y-3 text-dense">
      <p className="text-body">
        {changed === 0
          ? `The verdict is the same for ${requests(judged)}.`
          : `The verdict would change for ${changed} of ${requests(judged)}.`}{' '}
        {since && (
          <span className="text-muted">
            Since <Time at={since} as="exact" withZone />, compared with{' '}
            {against === 'recorded' ? 'the original verdict' : 'the current policy'}.
          </span>
        )}
      </p>
      {leftOut > 0 && <p className="text-waiting">{requests(leftOut)} left out: the replay reached its time limit.</p>}
      {other.length > 0 && (
        <ul aria-label="Matches of guardrails, before and after" className="flex flex-wrap gap-x-5 gap-y-1">
          {other.map(({ name, before, after }) => (
            <li key={name}>
              <code>{name}</code> {before ?? 'not recorded'} → {after}
            </li>
          ))}
        </ul>
      )}
      <ul className="border-t border-line" aria-label="Requests whose verdict would change">
        {items.map(({ request, before, after, changes, more, unknown }) => (
          <li key={request.id} className="border-b border-line py-2">
            <p className="flex flex-wrap gap-x-3">
              {request.kind === 'request' ? (
                <Link className="link" href={`/requests/${request.id}`}>
                  <UntrustedText>{request.entitlement}</UntrustedText>
                </Link>
              ) : (
                <span>
                  <UntrustedText>{request.entitlement}</UntrustedText>{' '}
                  <span className="text-muted">(refused at submission)</span>
                </span>
              )}
              <span className="text-muted">
                <UntrustedText>{`${request.requester.name} · ${request.cluster} · ${request.namespaces.join(', ')}`}</UntrustedText>{' '}
                · <Time at={request.at} />
              </span>
            </p>
            <p className="flex flex-wrap gap-x-2">
              <OutcomeMark outcome={before} />
              <span>
                <span aria-hidden>→</span>
                <span className="sr-only">becomes</span>
              </span>
              <OutcomeMark outcome={after} />
            </p>
            <ul>
              {changes.map((one) => (
                <ChangeLine key={one.kind + one.now + (one.code ?? '') + one.sentence} change={one} />
              ))}
            </ul>
            {more > 0 && <p className="text-muted">and {more} more</p>}
            <UnknownFacts unknown={unknown} />
          </li>
        ))}
      </ul>
    </div>
  )
}

function ChangeLine({ change: { now, code, kind, sentence, requiredBy, requiredByMore } }: { change: Change }) {
  const { sign, word, colour } = signs[now]
  return (
    <li className="flex gap-2">
      <span className={`${colour} whitespace-nowrap`}>
        <span aria-hidden className="inline-block w-4">
          {sign}
        </span>
        {kind === 'violation' || kind === 'warning'
          ? `${now === 'more' ? 'new' : 'no longer a'} ${kind}:`
          : `${word} ${kind}:`}
      </span>
      <div>
        <UntrustedText>{sentence}</UntrustedText> {code && <code className="text-muted">{code}</code>}
        {requiredBy.length > 0 && (
          <ul className="text-muted">
            {requiredBy.map((one) => (
              <li key={one.name}>
                {requiredByLabel[now]} <code>{one.name}</code>: <UntrustedText>{one.sentence}</UntrustedText>
              </li>
            ))}
            {requiredByMore > 0 && <li>{`${requiredByLabel[now]} ${requiredByMore} more`}</li>}
          </ul>
        )}
      </div>
    </li>
  )
}
