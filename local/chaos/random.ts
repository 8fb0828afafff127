/** The seed of all random choices. The same seed makes the same choices. */
export const seed = Number(process.env.POSTERN_CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** Random numbers from 0 to 1, determined by the seed (mulberry32). */
export function seeded(salt = 0): () => number {
  let state = (seed + salt) | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The items in random order. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items]
  return items.map(() => left.splice(Math.floor(random() * left.length), 1)[0] as T)
}
