export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

type Props = { theme: Theme; choose: (form: FormData) => Promise<void> }

/** The theme: the system's unless chosen here. A plain form, so it works without scripts. */
export function ThemeChoice({ theme, choose }: Props) {
  return (
    <form action={choose} className="flex text-dense" aria-label="Theme">
      {themes.map((name) => (
        <button
          key={name}
          type="submit"
          name="theme"
          value={name}
          aria-pressed={name === theme}
          className="min-h-7 rounded-sm px-2 text-muted first-letter:uppercase hover:text-ink aria-pressed:bg-hover aria-pressed:font-strong aria-pressed:text-ink"
        >
          {name}
        </button>
      ))}
    </form>
  )
}
