/** The part of a list around the selected entry. */
export function windowOf<T>(items: readonly T[], selected: number, height: number): readonly T[] {
  const from = Math.max(0, Math.min(selected - Math.floor(height / 2), items.length - height))
  return items.slice(from, from + height)
}
