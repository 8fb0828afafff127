'use client'
import { type ComponentProps, type KeyboardEvent, useState } from 'react'

type Props = Omit<
  ComponentProps<'textarea'>,
  'value' | 'defaultValue' | 'onChange' | 'onKeyDown' | 'onPaste' | 'rows'
> & {
  startText: string
  onText?: (text: string) => void
  /** A text was pasted, and `all` is what the field holds now. */
  onPasted?: (all: string) => void
}

// A longer text scrolls inside the field.
const mostRows = 12

/**
 * Enter sends the form, also with Control or Command, because the text is pasted and not written here; Shift and Enter add
 * a line.
 */
function sendOnEnter(event: KeyboardEvent<HTMLTextAreaElement>) {
  if (event.key !== 'Enter' || event.shiftKey || event.altKey || event.nativeEvent.isComposing) return
  event.preventDefault()
  event.currentTarget.form?.requestSubmit()
}

/** A field for a pasted error, command or manifest: one line high, it grows with its text and keeps the line ends. */
export function PasteField({ startText, onText, onPasted, className = '', ...field }: Props) {
  const [text, setText] = useState(startText)
  return (
    <textarea
      {...field}
      name="q"
      data-search
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      enterKeyHint="go"
      maxLength={4000}
      rows={Math.min(mostRows, text.split('\n').length)}
      className={`control min-h-11! max-h-64 resize-none py-3 ${className}`}
      value={text}
      onChange={(event) => {
        setText(event.target.value)
        onText?.(event.target.value)
      }}
      onPaste={({ currentTarget }) => {
        // The field has the text after this event.
        if (onPasted) setTimeout(() => onPasted(currentTarget.value))
      }}
      onKeyDown={sendOnEnter}
    />
  )
}
