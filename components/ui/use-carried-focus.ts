import { type RefObject, useLayoutEffect, useState } from 'react'

/** Moves the focus and the caret from the plain input with this id to the picker that replaces it. */
export function useCarriedFocus(id: string, input: RefObject<HTMLInputElement | null>): void {
  const [caret] = useState(() => {
    const plain = document.activeElement
    return plain instanceof HTMLInputElement && plain.id === id ? plain.selectionStart : null
  })
  useLayoutEffect(() => {
    if (caret === null) return
    input.current?.focus()
    input.current?.setSelectionRange(caret, caret)
  }, [caret, input])
}
