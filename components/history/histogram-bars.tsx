'use client'

const height = 56

/**
 * The bars of one link of the histogram, in the shares of the tallest bar. A client component, because the server would
 * stream its elements one by one, with a style attribute that the Content-Security-Policy blocks.
 */
export function HistogramBars({ counts, most }: { counts: number[]; most: number }) {
  return (
    <svg
      aria-hidden
      className="block size-full"
      viewBox={`0 0 ${counts.length * 10} ${height}`}
      preserveAspectRatio="none"
    >
      <rect width={counts.length * 10} height={height} fill="transparent" />
      {counts.map((count, index) => {
        const tall = count === 0 ? 0 : Math.max(3, Math.round((count / most) * height))
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the bars of one period never change their order
          <rect key={index} x={index * 10 + 1} y={height - tall} width="8" height={tall} fill="currentColor" />
        )
      })}
    </svg>
  )
}
