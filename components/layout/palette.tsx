import { useRouter } from 'next/navigation'
import { useEffect, useEffectEvent, useState } from 'react'
import { Dialog } from '#components/ui/dialog'

export type Destination = { href: string; title: string; detail: string }
type Props = { open: boolean; onClose: () => void; destinations: () => Promise<Destination[]> }

/** Go anywhere by its words: pages, and what may be asked for. What is listed is fetched when it first opens. */
export function Palette({ open, onClose, destinations }: Props) {
  const router = useRouter()
  const [all, setAll] = useState<Destination[]>()
  const [words, setWords] = useState('')
  const [chosen, setChosen] = useState(0)
  // NB: the action has another identity after every refresh of the page; what is being typed must survive that.
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
    router.push(to.href as '/')
  }
  return (
    <Dialog open={open} onClose={onClose} title="Go to">
      <input
        className="control"
        role="combobox"
        aria-label="Where to"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[chosen] ? `palette-${chosen}` : undefined}
        placeholder="A page, or what you may ask for"
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
      <div id="palette-list" role="listbox" aria-label="Places" className="mt-2 min-h-40">
        {found.map((one, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled by the input that owns this list
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the input, as ARIA's combobox asks
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
      {all && found.length === 0 && <p className="px-2.5 text-muted">Nothing has these words.</p>}
    </Dialog>
  )
}

/** Those whose title or detail holds every word. */
function matching(all: Destination[], words: string) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  return all.filter((one) => wanted.every((word) => `${one.title} ${one.detail}`.toLowerCase().includes(word)))
}
