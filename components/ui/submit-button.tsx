'use client'
import type { ComponentProps } from 'react'
import { useFormStatus } from 'react-dom'
import { type ButtonKind, buttonStyle } from './button-style.ts'

type Props = Omit<ComponentProps<'button'>, 'type' | 'className'> & {
  kind?: ButtonKind
  /** The label while the form is being sent with this button. */
  pending: string
}

/** The submit button of a form: disabled while the form is being sent. */
export function SubmitButton({ kind, pending, disabled = false, children, ...button }: Props) {
  const status = useFormStatus()
  const isMine = status.pending && (button.name === undefined || status.data.get(button.name) === button.value)
  return (
    <button {...button} type="submit" className={buttonStyle(kind)} disabled={disabled || status.pending}>
      {isMine ? pending : children}
    </button>
  )
}
