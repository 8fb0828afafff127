import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { describedBy, Field } from '#components/ui/field'
import { joinNames, typedNames } from '#lib/core/access/typed-names'
import { usePicker } from '../ui/use-picker.ts'
import type { NamesPickerProps } from './names-picker.tsx'

type Props = {
  id: string
  /** The name of the form field. */
  name: string
  label: string
  known: string[]
  chosen: string[]
  hint: string
  problems: string[]
  onChange: (names: string[]) => void
}

/** A field for several names, typed with suggestions. Without scripts it is a plain field. */
export function NamesField({ id, name, label, known, chosen, hint, problems, onChange }: Props) {
  const [text, setText] = useState(() => joinNames(chosen))
  const { Picker, begin } = usePicker<NamesPickerProps>(
    () => import('./names-picker.tsx').then((loaded) => loaded.NamesPicker),
    id,
  )
  const write = (typed: string) => {
    setText(typed)
    onChange([...new Set(typedNames(typed))])
  }
  const plain = useRef<HTMLInputElement>(null)
  const onTakeOver = useEffectEvent(() => {
    const typed = plain.current?.value ?? text
    if (typed !== text) write(typed)
  })
  useEffect(() => onTakeOver(), [])
  const isInvalid = problems.length > 0
  return (
    <Field id={id} label={label} hint={hint} problems={problems}>
      {Picker ? (
        <Picker id={id} name={name} label={label} text={text} known={known} isInvalid={isInvalid} onChange={write} />
      ) : (
        <input
          ref={plain}
          id={id}
          name={name}
          className="control font-mono text-code"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          aria-invalid={isInvalid}
          aria-describedby={describedBy(id)}
          value={text}
          onChange={(event) => write(event.target.value)}
          onFocus={begin}
          onPointerEnter={begin}
        />
      )}
    </Field>
  )
}
