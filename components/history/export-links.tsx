import { type HistoryFilter, queryOf } from '#lib/core/audit/filter-terms'
import { buttonStyle } from '../ui/button-style.ts'

/** Downloads all events of the filter, not only those of this page. Times in it are exact, so the file is what is shown. */
export function ExportLinks({ filter }: { filter: { [K in keyof HistoryFilter]: string | undefined } }) {
  const defined = Object.fromEntries(Object.entries(filter).filter(([, value]) => value)) as HistoryFilter
  const files = [
    { format: 'csv', name: 'Download CSV' },
    { format: 'jsonl', name: 'Download JSON Lines' },
  ]
  return (
    <p className="mt-4 flex flex-wrap gap-2">
      {files.map(({ format, name }) => (
        <a
          key={format}
          download
          href={`/api/v1/audit-events/export?${queryOf(defined, { format })}`}
          className={buttonStyle('plain')}
        >
          {name}
        </a>
      ))}
    </p>
  )
}
