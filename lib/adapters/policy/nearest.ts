/** How many letters to add, drop, change or swap with their neighbour make one text the other (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + change,
        isSwap ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    before = last
    last = current
  }
  return last[b.length] ?? 0
}

/**
 * The known word that was probably meant: the nearest one, where it is near (a third of its letters, at least one) or
 * differs by case, dashes and underscores only.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  // Longer words are not somebody's slip, and comparing them costs time.
  if (word.length > 64) return undefined
  const plain = (text: string) => text.toLowerCase().replace(/[-_]/g, '')
  const ranked = known.map((text) => ({ text, far: distance(plain(word), plain(text)) })).sort((a, b) => a.far - b.far)
  const best = ranked[0]
  return best && best.far <= Math.max(1, Math.floor(best.text.length / 3)) ? best.text : undefined
}
