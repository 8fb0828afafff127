import { useEffect, useEffectEvent, useState } from 'react'
import { Dialog } from '#components/ui/dialog'
import { usePicker } from '../ui/use-picker.ts'
import type { PaletteSearchProps } from './palette-search.tsx'

export type Destination = { href: string; title: string; detail: string }
type Props = {
  open: boolean
  onClose: () => void
  onGo: (href: string) => void
  destinations: () => Promise<Destination[]>
}

const field = { id: 'palette', label: 'Destination', placeholder: 'Search pages and entitlements' }

/** Finds a page or an entitlement by its words. The list is loaded each time the palette opens. */
export function Palette({ open, onClose, onGo, destinations }: Props) {
  const [all, setAll] = useState<Destination[]>()
  const [text, setText] = useState('')
  const { Picker, begin } = usePicker<PaletteSearchProps>(
    () => import('./palette-search.tsx').then((loaded) => loaded.PaletteSearch),
    field.id,
  )
  // NB: every refresh of the page gives the action a new identity; the typed text must survive that.
  const onOpen = useEffectEvent(() => {
    setText('')
    begin()
    destinations().then(setAll, () => setAll([]))
  })
  useEffect(() => {
    if (open) onOpen()
  }, [open])
  const go = (href: string) => {
    onClose()
    onGo(href)
  }
  return (
    <Dialog open={open} onClose={onClose} title="Go to">
      {Picker ? (
        <Picker {...field} text={text} destinations={all} onChange={setText} onGo={go} />
      ) : (
        <input
          id={field.id}
          className="control"
          aria-label={field.label}
          placeholder={field.placeholder}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
    </Dialog>
  )
}
