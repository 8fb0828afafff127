import { type HistoryFilter, queryOf } from '#lib/core/audit/filter-terms'
import { DownloadLinks } from './download-links.tsx'

type Props = {
  filter: { [K in keyof HistoryFilter]: string | undefined }
  /** May this reader download evidence? */
  seesLog: boolean
}

const files = [
  { format: 'csv', name: 'Download CSV' },
  { format: 'jsonl', name: 'Download JSON Lines' },
  { format: 'ocsf', name: 'Download OCSF' },
]

/** Downloads all events of the filter, not only those of this page. Times in it are exact, so the file is what is shown. */
export function ExportLinks({ filter, seesLog }: Props) {
  const defined = Object.fromEntries(Object.entries(filter).filter(([, value]) => value)) as HistoryFilter
  const links = files.map(({ format, name }) => ({
    name,
    href: `/api/v1/audit-events/export?${queryOf(defined, { format })}`,
  }))
  if (seesLog && filter.from && filter.to) {
    const period = new URLSearchParams({ from: filter.from, to: filter.to })
    links.push({ name: 'Download evidence of this time', href: `/api/v1/evidence?${period}` })
  }
  return <DownloadLinks links={links} />
}
