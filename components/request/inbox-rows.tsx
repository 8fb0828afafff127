import type { RequestResource } from '#lib/core/access/request-resource'
import type { InboxHref, InboxItem } from '#lib/core/approvals/inbox-filter'
import { InboxList } from './inbox-list.tsx'
import { toListRow } from './inbox-row.ts'

type Props = {
  items: InboxItem[]
  open: RequestResource | null
  isGrouped: boolean
  inbox: InboxHref
  more: { href: InboxHref; left: number } | null
}

/** The list of the inbox, with its rows cut down to what the browser shows. */
export function InboxRows({ items, open, ...list }: Props) {
  return <InboxList rows={items.map((item) => toListRow(item, open))} openId={open?.id ?? null} {...list} />
}
