'use client'

const height = 96
/** So that one call among thousands is still seen. */
const least = 3

type Props = {
  /** The values of each bar, the lowest one first. */
  bars: number[][]
  /** The text colour of each value. */
  colours: string[]
  /** The sum that is as tall as the chart. */
  most: number
}

/**
 * Bars of stacked values that fill their frame. A client component, because the server would stream its elements one by one,
 * with a style attribute that the Content-Security-Policy blocks.
 */
export function StackedBars({ bars, colours, most }: Props) {
  return (
    <svg
      aria-hidden
      className="block size-full"
      viewBox={`0 0 ${bars.length * 10} ${height}`}
      preserveAspectRatio="none"
    >
      <rect width={bars.length * 10} height={height} fill="transparent" />
      {bars.map((values, index) => {
        const heights = values.map((value) => (value === 0 ? 0 : Math.max(least, (value / most) * height)))
        const scale = Math.min(1, height / heights.reduce((sum, one) => sum + one, 0))
        let y = height
        return heights.map((one, layer) => {
          y -= one * scale
          return one === 0 ? null : (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: the bars of one period never change their order
              key={`${index} ${layer}`}
              className={colours[layer]}
              x={index * 10 + 1}
              y={y}
              width="8"
              height={one * scale}
              fill="currentColor"
            />
          )
        })
      })}
    </svg>
  )
}
