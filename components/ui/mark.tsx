/** The logo: an arched door in three strokes. The name is always beside it. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg
      aria-hidden
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="square"
    >
      <path d="M4 21V11a8 8 0 0 1 16 0v10" />
      <path d="M2 21h20" />
      <path d="M14.5 13v2.5" />
    </svg>
  )
}
