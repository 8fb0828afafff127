import { shortDuration } from './duration.ts'

type Held = { activatedAt: string | null; endedAt: string | null }

/** How long access really lasted: `for 56 s of 15 min`; undefined if it never began or has not ended. */
export function heldInWords({ activatedAt, endedAt }: Held, grantedSeconds: number): string | undefined {
  if (!activatedAt || !endedAt) return undefined
  const seconds = Math.max(0, Math.round((Date.parse(endedAt) - Date.parse(activatedAt)) / 1000))
  return `for ${shortDuration(seconds)} of ${shortDuration(grantedSeconds)}`
}
