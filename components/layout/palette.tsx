import { useEffect, useEffectEvent, useState } from 'react'
import { Dialog } from '#components/ui/dialog'

export type Destination = { href: string; title: string; detail: string }
type Props = {
  open: boolean
  onClose: () => void
  onGo: (href: string) => void
  destinations: () => Promise<Destination[]>
}

/** Finds a page or an entitlement by its words. The list is loaded each time the palette opens. */
export function Palette({ open, onClose, onGo, destinations }: Props) {
  const [all, setAll] = useState<Destination[]>()
  const [words, setWords] = useState('')
  const [chosen, setChosen] = useState(0)
  // NB: every refresh of the page gives the action a new identity; the typed text must survive that.
  const begin = useEffectEvent(() => {
    setWords('')
    setChosen(0)
    destinations().then(setAll, () => setAll([]))
  })
  useEffect(() => {
    if (open) begin()
  }, [open])

  const found = matching(all ?? [], words).slice(0, 9)
  const go = (to: Destination | undefined) => {
    if (!to) return
    onClose()
    onGo(to.href)
  }
  return (
    <Dialog open={open} onClose={onClose} title="Go to">
      <input
        className="control"
        role="combobox"
        aria-label="Destination"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[chosen] ? `palette-${chosen}` : undefined}
        placeholder="Search pages and entitlements"
        value={words}
        onChange={(event) => {
          setWords(event.target.value)
          setChosen(0)
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') setChosen(Math.min(chosen + 1, found.length - 1))
          else if (event.key === 'ArrowUp') setChosen(Math.max(chosen - 1, 0))
          else if (event.key === 'Enter') go(found[chosen])
          else return
          event.preventDefault()
        }}
      />
      <div id="palette-list" role="listbox" aria-label="Results" className="mt-2 min-h-40">
        {found.map((one, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input that owns this list handles the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the input, as in ARIA's combobox pattern
          <div
            key={one.href}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === chosen}
            onClick={() => go(one)}
            className="flex min-h-10 cursor-pointer items-center justify-between gap-4 rounded-sm px-2.5 hover:bg-hover aria-selected:bg-hover"
          >
            <span className="truncate">{one.title}</span>
            <span className="truncate text-dense text-muted">{one.detail}</span>
          </div>
        ))}
      </div>
      {all && found.length === 0 && <p className="px-2.5 text-muted">No results.</p>}
    </Dialog>
  )
}

/** The destinations whose title or detail contains every word. */
function matching(all: Destination[], words: string) {
  const terms = words.toLowerCase().split(/\s+/).filter(Boolean)
  return all.filter((one) => terms.every((word) => `${one.title} ${one.detail}`.toLowerCase().includes(word)))
}
