import type { PackSwitch } from '#lib/core/guardrails/current-guardrail'

/** The guardrail pack: which of its guardrails are on. They are switched in postern.yaml. */
export function PackSwitches({ switches }: { switches: PackSwitch[] }) {
  return (
    <ul className="border-t border-line">
      {switches.map((one) => (
        <li
          key={one.name}
          className="grid gap-x-4 border-b border-line py-2 text-dense rail:grid-cols-[6.5rem_minmax(0,1fr)]"
        >
          <span className={one.isOn ? 'font-strong text-good' : 'text-muted'}>
            <span aria-hidden className="inline-block w-4">
              {one.isOn ? '✓' : '–'}
            </span>
            {one.isOn ? 'on' : 'off'}
          </span>
          <div className="min-w-0 max-w-[72ch]">
            <p>
              {one.title} <code className="text-muted">{one.name}</code>
            </p>
            <p className="text-muted">
              {one.why}
              {one.needsSettings && !one.isOn && ' Requires settings.'}
            </p>
          </div>
        </li>
      ))}
    </ul>
  )
}
