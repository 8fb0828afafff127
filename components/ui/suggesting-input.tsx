import { type RefObject, useState } from 'react'
import { Autocomplete } from 'react-aria-components/Autocomplete'
import { Input } from 'react-aria-components/Input'
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox'
import { TextField } from 'react-aria-components/TextField'
import { UntrustedText } from '#components/ui/untrusted-text'
import { PickerLanguage } from './picker-language.tsx'
import { useCarriedFocus } from './use-carried-focus.ts'

type Props = {
  id: string
  label: string
  input: RefObject<HTMLInputElement | null>
  text: string
  suggestions: string[]
  /** Opens the list as soon as the input has the focus; otherwise when something is typed, or with the arrow keys. */
  opensOnFocus?: boolean
  isInvalid?: boolean
  describedBy?: string | undefined
  name?: string
  placeholder?: string
  maxLength?: number
  className?: string
  onChange: (text: string) => void
  onChoose: (suggestion: string) => void
  /** Enter without a chosen suggestion. */
  onEnter: () => void
  onBackspace?: () => void
  onBlur?: () => void
  onCaret?: () => void
}

/**
 * A text field with suggestions below it; any other text can be typed too.
 * NB: React Aria's ComboBox would hide the rest of the page from screen readers while its list is open.
 */
export function SuggestingInput(props: Props) {
  const { id, input, text, suggestions } = props
  useCarriedFocus(id, input)
  const [isOpen, setOpen] = useState(false)
  const isShown = isOpen && suggestions.length > 0
  const hasChosen = () => {
    const option = input.current?.getAttribute('aria-activedescendant')
    return isShown && Boolean(option && document.getElementById(option))
  }

  function onKeyDown(event: React.KeyboardEvent) {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') setOpen(true)
    const handle =
      (event.key === 'Enter' && !hasChosen() && props.onEnter) ||
      (event.key === 'Backspace' && text === '' && props.onBackspace) ||
      (event.key === 'Escape' && isShown && (() => setOpen(false)))
    if (!handle) return
    handle()
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <PickerLanguage>
      <div className="relative w-full">
        <Autocomplete
          disableAutoFocusFirst
          inputValue={text}
          onInputChange={(typed) => {
            setOpen(true)
            props.onChange(typed)
          }}
        >
          <TextField
            id={id}
            name={props.name}
            aria-label={props.label}
            aria-describedby={props.describedBy}
            isInvalid={props.isInvalid}
            validationBehavior="aria"
            maxLength={props.maxLength}
          >
            <Input
              ref={input}
              role="combobox"
              aria-expanded={isShown}
              data-search={props.name === 'q' ? '' : undefined}
              autoComplete="off"
              spellCheck={false}
              placeholder={props.placeholder}
              className={`control font-mono text-code ${props.className ?? ''}`}
              // NB: React Aria dispatches focus and blur events of its own when an option becomes the active one.
              onFocus={({ nativeEvent }) => nativeEvent.isTrusted && setOpen(props.opensOnFocus ?? false)}
              onBlur={({ nativeEvent }) => {
                if (!nativeEvent.isTrusted) return
                setOpen(false)
                props.onBlur?.()
              }}
              // Before the list handles the key.
              onKeyDownCapture={onKeyDown}
              onSelect={props.onCaret}
            />
          </TextField>
          <ListBox
            aria-label="Suggestions"
            items={suggestions.map((suggestion) => ({ id: suggestion }))}
            onAction={(suggestion) => props.onChoose(String(suggestion))}
            // Its scroll bar must not take the focus from the input.
            onMouseDown={(event) => event.preventDefault()}
            className={`absolute inset-x-0 top-full z-30 mt-1 max-h-72 overflow-y-auto rounded-sm border border-edge bg-raised shadow-float outline-none ${isShown ? '' : 'hidden'}`}
          >
            {({ id: suggestion }) => (
              <ListBoxItem
                textValue={suggestion}
                className="flex min-h-8 cursor-pointer items-center px-2.5 font-mono text-code outline-none data-focused:bg-hover data-hovered:bg-hover"
              >
                <UntrustedText>{suggestion}</UntrustedText>
              </ListBoxItem>
            )}
          </ListBox>
        </Autocomplete>
      </div>
    </PickerLanguage>
  )
}
