const paths = {
  access: 'M10.5 8a2.75 2.75 0 1 1-5.5 0 2.75 2.75 0 0 1 5.5 0ZM10.2 9.2 14 13M12.2 11.2l1.3-1.3M2.5 14.5v-13',
  inbox: 'M2 9.5 4 3h8l2 6.5V13H2V9.5ZM2 9.5h3.5l1 1.75h3l1-1.75H14',
  live: 'M1.5 8.5h3l2-5 3 9 2-4h3',
  history: 'M8 4.5V8l2.5 1.5M2.6 6.2A5.75 5.75 0 1 1 2.3 9M2.2 3v3.3h3.3',
  guardrails: 'M8 1.75 13 3.5v4.2c0 3.1-2 5.2-5 6.55-3-1.35-5-3.45-5-6.55V3.5l5-1.75ZM5.75 7.75l1.6 1.6 3-3.1',
  clusters: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01',
  search: 'M11 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0ZM10 10l3.5 3.5',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  done: 'm3 8.5 3.25 3.25L13 5',
  close: 'm4 4 8 8M12 4l-8 8',
  star: 'm8 2 1.8 3.9 4.2.5-3.1 2.9.8 4.2L8 11.4l-3.7 2.1.8-4.2L2 6.4l4.2-.5L8 2Z',
  starred: 'm8 2 1.8 3.9 4.2.5-3.1 2.9.8 4.2L8 11.4l-3.7 2.1.8-4.2L2 6.4l4.2-.5L8 2Z',
  back: 'M9.5 3.5 5 8l4.5 4.5',
} as const
export type IconName = keyof typeof paths

/** A 16 px line icon. It is always beside a word or inside a named control, so screen readers skip it. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden
      className="shrink-0"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.35"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={paths[name]} fill={name === 'starred' ? 'currentColor' : undefined} />
    </svg>
  )
}
