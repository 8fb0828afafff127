/** A bar beside a number of a table. SVG attributes, because the Content-Security-Policy blocks style attributes. */
export function Bar({ share }: { share: number }) {
  return (
    <svg aria-hidden className="block h-3 w-full text-accent" viewBox="0 0 100 10" preserveAspectRatio="none">
      <rect width={Math.max(1, Math.round(share * 100))} height="10" fill="currentColor" />
    </svg>
  )
}
