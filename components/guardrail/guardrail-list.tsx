import { Suspense } from 'react'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { CurrentGuardrail } from '#lib/core/guardrails/current-guardrail'
import type { GuardrailCount } from '#lib/core/guardrails/guardrail-count'
import { GuardrailStats } from './guardrail-stats.tsx'

const effects: Record<CurrentGuardrail['effect'], { word: string; colour: string; sign: string }> = {
  deny: { word: 'blocks', colour: 'text-bad', sign: '✕' },
  require: { word: 'requires', colour: 'text-waiting', sign: '+' },
  limit: { word: 'limits', colour: 'text-ending', sign: '≤' },
  warn: { word: 'warns', colour: 'text-waiting', sign: '△' },
}

type Props = { guardrails: CurrentGuardrail[]; counts: Promise<GuardrailCount[]> }

/** Every guardrail of the policy: its effect, description, matches, recent statistics and source. */
export function GuardrailList({ guardrails, counts }: Props) {
  return (
    <ul className="border-t border-line">
      {guardrails.map((one) => (
        <li
          key={one.name}
          id={`guardrail-${one.name}`}
          className="grid gap-x-4 border-b border-line py-2 text-dense rail:grid-cols-[6.5rem_minmax(0,1fr)]"
        >
          <Effect effect={one.effect} />
          <div className="min-w-0 max-w-[72ch]">
            <p>
              <UntrustedText>{one.description}</UntrustedText> <code className="text-muted">{one.name}</code>
            </p>
            {one.does.length > 0 && (
              <p>
                <UntrustedText>{one.does.join('; ')}</UntrustedText>
              </p>
            )}
            <p className="text-muted">
              <UntrustedText>
                {one.matchDescription.length > 0
                  ? `Applies to ${one.matchDescription.join('; ')}`
                  : 'Applies to every request'}
              </UntrustedText>
              {one.pack && ', from the guardrail pack'}
              {one.link && (
                <>
                  {' · '}
                  <a className="link" href={one.link} rel="noreferrer">
                    Read more
                  </a>
                </>
              )}
            </p>
            <p className="text-muted">{one.atAdmission}</p>
            <Suspense fallback={<p className="text-muted">Loading statistics…</p>}>
              <Stats name={one.name} counts={counts} />
            </Suspense>
            <details>
              <summary className="text-muted">{one.pack ? 'Show the expression' : 'Show the source'}</summary>
              <pre className="mt-1 border border-line bg-sunken p-2 whitespace-pre-wrap wrap-break-word">
                <UntrustedText lines>{one.source}</UntrustedText>
              </pre>
            </details>
          </div>
        </li>
      ))}
    </ul>
  )
}

async function Stats({ name, counts }: { name: string } & Pick<Props, 'counts'>) {
  return <GuardrailStats count={(await counts).find((one) => one.name === name)} />
}

function Effect({ effect }: { effect: CurrentGuardrail['effect'] }) {
  const { word, colour, sign } = effects[effect]
  return (
    <span className={`font-strong whitespace-nowrap ${colour}`}>
      <span aria-hidden className="inline-block w-4">
        {sign}
      </span>
      {word}
    </span>
  )
}
