import { useState } from 'react'
import { describedBy, Field } from '#components/ui/field'
import { startOf } from './draft.ts'

type Props = { value: string; problems: string[]; onChange: (value: string) => void }

/** When the access starts: on approval, or at a chosen time. Without scripts the time is in UTC. */
export function StartChoice({ value, problems, onChange }: Props) {
  const [opened, setLater] = useState(false)
  // The verdict can also set a start, to a time at which the request would pass.
  const later = opened || value !== ''
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  return (
    <fieldset>
      <legend className="mb-1 font-strong">Start</legend>
      <input type="hidden" name="startsAt" value={startOf(value)} />
      <noscript>
        <label>
          <span className="mb-1 block text-dense text-muted">Time in UTC. Leave it empty to start on approval.</span>
          <input type="datetime-local" name="startsAtUtc" className="control max-w-64" />
        </label>
      </noscript>
      <div className="flex flex-wrap items-center gap-x-5 gap-y-2 noscript:hidden">
        <label className="flex min-h-8 items-center gap-2">
          <input
            type="radio"
            name="when"
            checked={!later}
            onChange={() => {
              setLater(false)
              onChange('')
            }}
          />
          As soon as it’s approved
        </label>
        <label className="flex min-h-8 items-center gap-2">
          <input type="radio" name="when" checked={later} onChange={() => setLater(true)} />
          At a set time
        </label>
      </div>
      {later && (
        <Field
          id="startsAt"
          label="Start time"
          hint={<span suppressHydrationWarning>In your time zone, {zone}.</span>}
          problems={problems}
        >
          <input
            id="startsAt"
            type="datetime-local"
            className="control max-w-64"
            aria-invalid={problems.length > 0}
            aria-describedby={describedBy('startsAt')}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        </Field>
      )}
    </fieldset>
  )
}
