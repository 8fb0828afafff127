import { buttonStyle } from '../ui/button-style.ts'

/** Files that the API makes while they are sent. */
export function DownloadLinks({ links }: { links: { href: string; name: string }[] }) {
  return (
    <p className="mt-4 flex flex-wrap gap-2">
      {links.map(({ href, name }) => (
        <a key={href} download href={href} className={buttonStyle('plain')}>
          {name}
        </a>
      ))}
    </p>
  )
}
