import { describedBy, Problems } from '#components/ui/field'
import { NamesField } from './names-field.tsx'

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
  return (
    <NamesField
      id="namespaces"
      name="namespaces"
      label="Namespaces"
      known={known}
      chosen={chosen}
      hint={hint}
      problems={problems}
      onChange={onChange}
    />
  )
}
