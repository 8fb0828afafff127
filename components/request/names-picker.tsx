import { useRef } from 'react'
import { Button } from 'react-aria-components/Button'
import { Tag, TagGroup, TagList } from 'react-aria-components/TagGroup'
import { describedBy } from '#components/ui/field'
import { Icon } from '#components/ui/icon'
import { PickerLanguage } from '#components/ui/picker-language'
import { SuggestingInput } from '#components/ui/suggesting-input'
import { UntrustedText } from '#components/ui/untrusted-text'
import { joinNames, splitTypedNames, typedNames } from '#lib/core/access/typed-names'

// More are no help, and a cluster can have thousands of namespaces.
const mostSuggestions = 50

export type NamesPickerProps = {
  id: string
  /** The name of the form field. */
  name: string
  /** What the names are of, such as `Namespaces`. */
  label: string
  /** The names and what is being typed, exactly as the plain field has them. */
  text: string
  known: string[]
  isInvalid: boolean
  onChange: (text: string) => void
}

/** The chosen names as tags, and a field that suggests more. Any name can be typed: the server checks it. */
export function NamesPicker({ id, name, label, text, known, isInvalid, onChange }: NamesPickerProps) {
  const input = useRef<HTMLInputElement>(null)
  const { names, typing } = splitTypedNames(text)
  const add = (added: string) => onChange(joinNames([...new Set([...names, added])]))
  const remove = (removed: ReadonlySet<unknown>) => {
    const kept = names.filter((one) => !removed.has(one))
    onChange(joinNames(kept) + typing)
    if (kept.length === 0) input.current?.focus()
  }
  const suggestions = known
    .filter((one) => !names.includes(one) && one.includes(typing.toLowerCase()))
    .sort((a, b) => Number(b.startsWith(typing)) - Number(a.startsWith(typing)))
    .slice(0, mostSuggestions)
  return (
    <>
      <input type="hidden" name={name} value={text} />
      <SuggestingInput
        id={id}
        label={label}
        describedBy={describedBy(id)}
        input={input}
        isInvalid={isInvalid}
        opensOnFocus
        text={typing}
        suggestions={suggestions}
        onChange={(typed) => onChange(joinNames(names) + typed)}
        onChoose={add}
        // It completes what is typed, and never sends the form, in which more names may be missing.
        onEnter={() => typing && add(typing)}
        onBackspace={() => names.length > 0 && remove(new Set(names.slice(-1)))}
        onBlur={() => onChange(joinNames([...new Set(typedNames(text))]))}
      />
      {names.length > 0 && (
        <PickerLanguage>
          <TagGroup aria-label={`Chosen ${label.toLowerCase()}`} className="mt-2" onRemove={remove}>
            <TagList className="flex flex-wrap gap-2">
              {names.map((one) => (
                <Tag
                  key={one}
                  id={one}
                  textValue={one}
                  className="inline-flex min-h-7 max-w-full items-center gap-1 rounded-sm border border-line pl-2"
                >
                  <code className="truncate">
                    <UntrustedText>{one}</UntrustedText>
                  </code>
                  <Button
                    slot="remove"
                    aria-label="Remove"
                    className="grid size-7 place-items-center text-muted hover:text-ink"
                  >
                    <Icon name="close" size={12} />
                  </Button>
                </Tag>
              ))}
            </TagList>
          </TagGroup>
        </PickerLanguage>
      )}
    </>
  )
}
