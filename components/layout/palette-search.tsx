import { useRef } from 'react'
import { Autocomplete } from 'react-aria-components/Autocomplete'
import { Input } from 'react-aria-components/Input'
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox'
import { SearchField } from 'react-aria-components/SearchField'
import { PickerLanguage } from '#components/ui/picker-language'
import { useCarriedFocus } from '../ui/use-carried-focus.ts'
import type { Destination } from './palette.tsx'

export type PaletteSearchProps = {
  id: string
  label: string
  placeholder: string
  text: string
  destinations: Destination[] | undefined
  onChange: (text: string) => void
  onGo: (href: string) => void
}

/** The destinations whose title or detail contains every word, to be chosen with the arrow keys and Enter. */
export function PaletteSearch({ id, label, placeholder, text, destinations, onChange, onGo }: PaletteSearchProps) {
  const input = useRef<HTMLInputElement>(null)
  useCarriedFocus(id, input)
  const terms = text.toLowerCase().split(/\s+/)
  const found = (destinations ?? []).filter((one) =>
    terms.every((term) => `${one.title} ${one.detail}`.toLowerCase().includes(term)),
  )
  return (
    <PickerLanguage>
      <Autocomplete inputValue={text} onInputChange={onChange}>
        <SearchField id={id} aria-label={label}>
          <Input ref={input} placeholder={placeholder} className="control" />
        </SearchField>
        <ListBox
          aria-label="Results"
          items={found.map((one) => ({ ...one, id: one.href }))}
          className="mt-2 max-h-[60dvh] min-h-40 overflow-y-auto outline-none"
          onAction={(href) => onGo(String(href))}
          renderEmptyState={() => destinations && <p className="px-2.5 text-muted">No results.</p>}
        >
          {(one) => (
            <ListBoxItem
              textValue={`${one.title} ${one.detail}`}
              className="flex min-h-10 cursor-pointer items-center justify-between gap-4 rounded-sm px-2.5 outline-none data-focused:bg-hover data-hovered:bg-hover"
            >
              <span className="max-w-3/4 shrink-0 truncate">{one.title}</span>
              <span className="truncate text-dense text-muted">{one.detail}</span>
            </ListBoxItem>
          )}
        </ListBox>
      </Autocomplete>
    </PickerLanguage>
  )
}
