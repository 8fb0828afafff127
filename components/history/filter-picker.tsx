import { useLayoutEffect, useRef, useState } from 'react'
import { SuggestingInput } from '#components/ui/suggesting-input'
import { type FilterValues, replaceTerm, suggestTerms } from '#lib/core/audit/complete-filter'

export type FilterPickerProps = {
  id: string
  label: string
  placeholder: string
  maxLength: number
  text: string
  values: FilterValues
  isInvalid: boolean
  describedBy: string | undefined
  onChange: (text: string) => void
}

/** The filter as text, with suggestions for the term at the caret. */
export function FilterPicker({ text, values, onChange, ...field }: FilterPickerProps) {
  const input = useRef<HTMLInputElement>(null)
  const [caret, setCaret] = useState(text.length)
  /** Where a chosen suggestion moved the caret, until it is there. */
  const [next, setNext] = useState<number>()
  useLayoutEffect(() => {
    if (next !== undefined) input.current?.setSelectionRange(next, next)
    setNext(undefined)
  }, [next])
  const readCaret = () => setCaret(input.current?.selectionStart ?? text.length)
  return (
    <SuggestingInput
      {...field}
      name="q"
      className="pl-9"
      input={input}
      text={text}
      suggestions={suggestTerms(text, caret, values)}
      onChange={(typed) => {
        onChange(typed)
        readCaret()
      }}
      onChoose={(term) => {
        const replaced = replaceTerm(text, caret, term)
        onChange(replaced.text)
        setCaret(replaced.caret)
        setNext(replaced.caret)
      }}
      onEnter={() => input.current?.form?.requestSubmit()}
      onCaret={readCaret}
    />
  )
}
