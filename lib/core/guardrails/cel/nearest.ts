/** The known word that was probably meant: at most every third letter differs; undefined where none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const allowed = Math.max(1, Math.floor(Math.min(word.length, 40) / 3))
  const ranked = known.map((candidate) => ({ candidate, away: distance(word.slice(0, 40), candidate) }))
  const best = ranked.sort((a, b) => a.away - b.away)[0]
  return best && best.away <= allowed ? best.candidate : undefined
}

/** Levenshtein's distance without regard to case. */
function distance(left: string, right: string): number {
  const [a, b] = [left.toLowerCase(), right.toLowerCase()]
  let row = Array.from({ length: b.length + 1 }, (_, n) => n)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** ` Did you mean x?` where something is near, else ` Known are: …`. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near ? ` Did you mean ${near}?` : ` Known are: ${known.join(', ')}.`
}
