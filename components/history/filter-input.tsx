'use client'
import { useState } from 'react'
import type { FilterValues } from '#lib/core/audit/complete-filter'
import { usePicker } from '../ui/use-picker.ts'
import type { FilterPickerProps } from './filter-picker.tsx'

type Props = { applied: string; values: FilterValues; isInvalid: boolean }

const field = {
  id: 'filter',
  label: 'Filter events',
  placeholder: 'words, or actor:name namespace:payments resource:secrets from:yesterday',
  maxLength: 1000,
}

/** The filter as text. What is typed counts until another filter is applied. */
export function FilterInput({ applied, values, isInvalid }: Props) {
  const [typed, setTyped] = useState({ text: applied, over: applied })
  const text = typed.over === applied ? typed.text : applied
  const onChange = (changed: string) => setTyped({ text: changed, over: applied })
  const { Picker, begin } = usePicker<FilterPickerProps>(
    () => import('./filter-picker.tsx').then((loaded) => loaded.FilterPicker),
    field.id,
  )
  const describedBy = isInvalid ? 'filter-problems' : undefined
  if (Picker)
    return (
      <Picker
        {...field}
        text={text}
        values={values}
        isInvalid={isInvalid}
        describedBy={describedBy}
        onChange={onChange}
      />
    )
  return (
    <input
      id={field.id}
      name="q"
      data-search
      autoComplete="off"
      spellCheck={false}
      maxLength={field.maxLength}
      aria-label={field.label}
      aria-invalid={isInvalid}
      aria-describedby={describedBy}
      // biome-ignore lint/a11y/noAutofocus: after a refused filter the focus goes to it
      autoFocus={isInvalid}
      placeholder={field.placeholder}
      className="control pl-9 font-mono text-code"
      value={text}
      onChange={(event) => onChange(event.target.value)}
      onFocus={begin}
      onPointerEnter={begin}
    />
  )
}
