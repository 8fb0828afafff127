import { useState } from 'react'
import { describedBy, Field, Problems } from '#components/ui/field'
import { joinNames, typedNames } from '#lib/core/access/typed-names'
import { usePicker } from '../ui/use-picker.ts'
import type { NamespacePickerProps } from './namespace-picker.tsx'

// With more namespaces than this, names are typed with suggestions instead of chosen from checkboxes.
const mostBoxes = 16

type Props = {
  known: string[]
  chosen: string[]
  patterns: string[]
  reachable: boolean
  problems: string[]
  onChange: (namespaces: string[]) => void
}

/** The namespaces: checkboxes for those the cluster had when last read, or typed names if there are too many or none. */
export function NamespaceChoice({ known, chosen, patterns, reachable, problems, onChange }: Props) {
  if (known.length > 0 && known.length <= mostBoxes)
    return (
      <fieldset aria-describedby={describedBy('namespaces')}>
        <legend className="mb-1 font-strong">Namespaces</legend>
        <div className="flex flex-wrap gap-x-5 gap-y-1">
          {[...new Set([...known, ...chosen])].map((name, index) => (
            <label key={name} className="flex min-h-8 items-center gap-2">
              <input
                id={index === 0 ? 'namespaces' : undefined}
                type="checkbox"
                name="namespaces"
                value={name}
                aria-invalid={problems.length > 0}
                checked={chosen.includes(name)}
                onChange={(event) =>
                  onChange(event.target.checked ? [...chosen, name] : chosen.filter((one) => one !== name))
                }
              />
              <code>{name}</code>
            </label>
          ))}
        </div>
        <div id={describedBy('namespaces')}>
          <Problems of={problems} />
        </div>
      </fieldset>
    )
  const hint = `${reachable ? '' : 'The cluster is unreachable, so no names can be suggested. '}Separate names with spaces.${patterns.length ? ` Allowed: ${patterns.join(', ')}.` : ''}`
  return <TypedNamespaces known={known} chosen={chosen} hint={hint} problems={problems} onChange={onChange} />
}

type TypedProps = Pick<Props, 'known' | 'chosen' | 'problems' | 'onChange'> & { hint: string }

function TypedNamespaces({ known, chosen, hint, problems, onChange }: TypedProps) {
  const [text, setText] = useState(() => joinNames(chosen))
  const { Picker, begin } = usePicker<NamespacePickerProps>(() =>
    import('./namespace-picker.tsx').then((loaded) => loaded.NamespacePicker),
  )
  const write = (typed: string) => {
    setText(typed)
    onChange([...new Set(typedNames(typed))])
  }
  const isInvalid = problems.length > 0
  return (
    <Field id="namespaces" label="Namespaces" hint={hint} problems={problems}>
      {Picker ? (
        <Picker id="namespaces" text={text} known={known} isInvalid={isInvalid} onChange={write} />
      ) : (
        <input
          id="namespaces"
          name="namespaces"
          className="control font-mono text-code"
          autoComplete="off"
          spellCheck={false}
          aria-invalid={isInvalid}
          aria-describedby={describedBy('namespaces')}
          value={text}
          onChange={(event) => write(event.target.value)}
          onFocus={begin}
          onPointerEnter={begin}
        />
      )}
    </Field>
  )
}
