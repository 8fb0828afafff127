'use client'
import { type ReactNode, useState } from 'react'
import { SubmitButton } from '#components/ui/submit-button'
import { themes } from '#lib/core/access/display'
import { useIsHydrated } from '../ui/use-form-answer.ts'

type Props = {
  display: { theme: string; zone: string; isZoneChosen: boolean; isUtcFirst: boolean; hasSingleKeys: boolean }
  /** The zone of the browser; undefined before it is known. */
  browserZone: string | undefined
  zones: string[]
  choose: (form: FormData) => Promise<void>
}

/** How this browser shows Postern. A plain form, so it works without scripts. */
export function DisplayForm({ display, browserZone, zones, choose }: Props) {
  const { theme, zone, isZoneChosen, isUtcFirst, hasSingleKeys } = display
  const [outcome, setOutcome] = useState('')
  const isHydrated = useIsHydrated()
  async function save(form: FormData) {
    setOutcome('')
    await choose(form).then(
      () => setOutcome('Saved.'),
      () => setOutcome('Not saved: Postern didn’t respond. Try again.'),
    )
  }
  return (
    <form
      action={isHydrated ? save : choose}
      className="max-w-xl space-y-5"
      // React resets a form after its action, to what it was before.
      onReset={(event) => event.preventDefault()}
    >
      <div>
        <label htmlFor="zone" className="mb-1 block font-strong">
          Time zone
        </label>
        <select id="zone" name="zone" className="control" defaultValue={isZoneChosen ? zone : ''}>
          <option value="">That of this browser{browserZone && ` (${browserZone})`}</option>
          {zones.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </div>
      <Choice title="Times">
        <Radio name="times" value="local" isChosen={!isUtcFirst}>
          in this time zone; UTC when you point at them
        </Radio>
        <Radio name="times" value="utc" isChosen={isUtcFirst}>
          in UTC; this time zone when you point at them
        </Radio>
      </Choice>
      <Choice title="Theme">
        {themes.map((one) => (
          <Radio key={one} name="theme" value={one} isChosen={one === theme}>
            {one === 'system' ? 'that of the system' : one}
          </Radio>
        ))}
      </Choice>
      <Choice title="Shortcuts of a single key">
        <Radio name="keys" value="on" isChosen={hasSingleKeys}>
          on; press <kbd>?</kbd> to see them
        </Radio>
        <Radio name="keys" value="off" isChosen={!hasSingleKeys}>
          off, for speech input; <kbd>⌘K</kbd> or <kbd>Ctrl K</kbd> still works
        </Radio>
      </Choice>
      <div className="flex items-center gap-3">
        <SubmitButton kind="primary" pending="Saving…">
          Save settings
        </SubmitButton>
        <p role="status">{outcome}</p>
      </div>
    </form>
  )
}

const Choice = ({ title, children }: { title: string; children: ReactNode }) => (
  <fieldset>
    <legend className="mb-1 font-strong">{title}</legend>
    {children}
  </fieldset>
)

type RadioProps = { name: string; value: string; isChosen: boolean; children: ReactNode }

const Radio = ({ name, value, isChosen, children }: RadioProps) => (
  <label className="flex min-h-8 items-center gap-2">
    <input type="radio" name={name} value={value} defaultChecked={isChosen} className="size-4 shrink-0" />
    <span>{children}</span>
  </label>
)
