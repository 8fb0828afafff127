'use client'
import type { ReportResource } from '#lib/core/access/report-resource'
import type { Severity } from '#lib/core/access/severity'

const height = 96
const colours: Record<Severity, string> = { low: 'text-muted', medium: 'text-waiting', high: 'text-bad' }
const fromBelow = ['low', 'medium', 'high'] as const

/**
 * One bar for each day, with the most severe grants on top. A client component, because the server would stream its elements
 * one by one, with a style attribute that the Content-Security-Policy blocks.
 */
export function GrantsChart({ grants }: Pick<ReportResource, 'grants'>) {
  const most = Math.max(1, ...grants.map(({ low, medium, high }) => low + medium + high))
  return (
    <svg
      aria-hidden
      className="block h-24 w-full border-b border-edge"
      viewBox={`0 0 ${grants.length * 10} ${height}`}
      preserveAspectRatio="none"
    >
      {grants.map((one, index) => {
        let below = 0
        return fromBelow.map((severity) => {
          const y = height - ((below + one[severity]) / most) * height
          below += one[severity]
          return one[severity] === 0 ? null : (
            <rect
              key={`${one.day} ${severity}`}
              className={colours[severity]}
              x={index * 10 + 1}
              y={y}
              width="8"
              height={(one[severity] / most) * height}
              fill="currentColor"
            />
          )
        })
      })}
    </svg>
  )
}
