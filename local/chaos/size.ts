import { appendFileSync } from 'node:fs'

/** `npm run chaos` runs everything; `npm test` a short form of it. */
export const isLong = process.env.POSTERN_CHAOS_FIGURES !== undefined

/** What chance begins with; given again, the same things happen to the same calls. */
export const seed = Number(process.env.POSTERN_CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** Numbers from 0 to 1 that the seed decides (mulberry32). */
export function seeded(salt = 0): () => number {
  let state = (seed + salt) | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The same things in another order, which the seed decides (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const left = [...items]
  return items.map(() => left.splice(Math.floor(random() * left.length), 1)[0] as T)
}

/** The parts of docs/reliability.md, in order. */
export const sections = {
  kill: {
    title: 'Killed',
    about:
      'The worker is killed (`kill -9`) at a call or commit of granting or ending that never arrives, that arrives after its sender is dead, or whose answer is never heard; then another worker starts.',
  },
  cluster: {
    title: 'API server in trouble',
    about: 'Three grants should begin and three should end while the API server misbehaves; then it is well again.',
  },
  database: { title: 'PostgreSQL in trouble', about: 'Stopped, broken off, full, busy.' },
  identity: { title: 'Identity provider away', about: 'It refuses connections while people are signed in.' },
  replicas: {
    title: 'Several replicas at once',
    about: 'Complete replicas behind one database, called at the same time.',
  },
  clock: {
    title: 'Clocks that differ',
    about:
      'The clocks of the worker and of PostgreSQL are shifted against the API server’s, whose own clock stays: only the differences matter. The database’s decides.',
  },
  load: { title: 'Many grants', about: 'One worker.' },
} as const

/** One line of docs/reliability.md. */
export type Figure = { section: keyof typeof sections; what: string; seen: string; goal?: string; holds?: boolean }

/** Keeps a figure for the report, where there will be one. */
export function keep(figure: Figure) {
  const file = process.env.POSTERN_CHAOS_FIGURES
  if (file) appendFileSync(file, `${JSON.stringify(figure)}\n`)
}
