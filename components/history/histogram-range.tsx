'use client'
import { useRouter } from 'next/navigation'
import { type PointerEvent, type ReactNode, useRef, useState } from 'react'
import { type HistoryFilter, queryOf } from '#lib/core/audit/filter-terms'

type Props = {
  /** The times between the bars: one more than there are bars. */
  times: string[]
  filter: HistoryFilter
  children: ReactNode
}

/** A shorter movement of the pointer is a click. */
const leastPixels = 8

/**
 * Dragging over the histogram chooses a range of whole bars. The links in it and `from:` and `to:` do the same without
 * dragging (WCAG 2.5.7).
 */
export function HistogramRange({ times, filter, children }: Props) {
  const router = useRouter()
  const chart = useRef<HTMLDivElement>(null)
  const [range, setRange] = useState<[number, number] | null>(null)
  const start = useRef<{ x: number; isDrag: boolean } | null>(null)
  const bars = times.length - 1

  /** The first bar of the range, and the one after its last. */
  function rangeTo(x: number): [number, number] {
    const { left = 0, width = 1 } = chart.current?.getBoundingClientRect() ?? {}
    const barAt = (at: number) => Math.min(bars - 1, Math.max(0, Math.floor(((at - left) / width) * bars)))
    const [a, b] = [barAt(start.current?.x ?? x), barAt(x)]
    return [Math.min(a, b), Math.max(a, b) + 1]
  }
  function onPointerMove(event: PointerEvent) {
    // The button was released outside of the chart.
    if (event.buttons === 0) start.current = null
    if (!start.current) return
    if (!start.current.isDrag && Math.abs(event.clientX - start.current.x) < leastPixels) return
    // From here on the pointer may leave the chart.
    if (!start.current.isDrag) chart.current?.setPointerCapture(event.pointerId)
    start.current.isDrag = true
    setRange(rangeTo(event.clientX))
  }
  function onPointerUp(event: PointerEvent) {
    if (start.current?.isDrag) {
      const [first, end] = rangeTo(event.clientX)
      const [from, to] = [times[first], times[end]]
      if (from && to) router.push(`/history?${queryOf({ ...filter, from, to, zone: '' })}`)
    }
    // The click that follows belongs to the drag.
    setTimeout(() => {
      start.current = null
      setRange(null)
    })
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the links inside do the same without dragging
    <div
      ref={chart}
      className="relative touch-pan-y select-none"
      onPointerDown={(event) => {
        if (event.button === 0) start.current = { x: event.clientX, isDrag: false }
      }}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={() => {
        start.current = null
        setRange(null)
      }}
      // The browser would drag the link below the pointer instead.
      onDragStart={(event) => event.preventDefault()}
      onClickCapture={(event) => {
        if (!start.current?.isDrag) return
        event.preventDefault()
        event.stopPropagation()
      }}
    >
      {children}
      {range && (
        <span
          aria-hidden
          className="pointer-events-none absolute inset-y-0 border-x border-accent bg-accent/20"
          style={{ left: `${(range[0] / bars) * 100}%`, width: `${((range[1] - range[0]) / bars) * 100}%` }}
        />
      )}
    </div>
  )
}
