import { Link } from '#components/ui/link'

/** A link to a request by the end of its id, on one line, in tables. `section` is the id of a part of its page. */
export function RequestLink({ id, section }: { id: string; section?: string }) {
  return (
    <Link href={`/requests/${id}${section ? `#${section}` : ''}`} className="link whitespace-nowrap" title={id}>
      <code>…{id.slice(-6)}</code>
    </Link>
  )
}
