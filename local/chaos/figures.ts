import { appendFileSync } from 'node:fs'

/** True in `npm run chaos`, which runs everything; `npm test` runs a short form. */
export const isLong = process.env.POSTERN_CHAOS_FIGURES !== undefined

/** The sections of docs/reliability.md, in order. */
export const sections = {
  kill: {
    title: 'Worker killed',
    about:
      'The worker is killed (`kill -9`) during a call or commit of granting or ending: one that never arrives, one that arrives after the worker is dead, or one whose answer is lost. Then another worker starts.',
  },
  cluster: {
    title: 'API server failures',
    about: 'Three grants are due to begin and three are due to end while the API server fails; then it recovers.',
  },
  database: { title: 'PostgreSQL failures', about: 'The server is stopped, disconnected, full or busy.' },
  identity: {
    title: 'Identity provider unavailable',
    about: 'The provider refuses connections while people are signed in.',
  },
  replicas: {
    title: 'Several replicas',
    about: 'Complete replicas share one database and are called at the same time.',
  },
  clock: {
    title: 'Clock skew',
    about:
      'The clocks of the worker and of PostgreSQL are shifted against the API server’s, which stays: only the differences matter. The database’s clock decides.',
  },
  load: { title: 'Many grants', about: 'One worker handles all of them.' },
} as const

/** One row of docs/reliability.md. */
export type Figure = { section: keyof typeof sections; what: string; measured: string; goal?: string; met?: boolean }

/** Records a figure for the report of `npm run chaos`. */
export function recordFigure(figure: Figure) {
  const file = process.env.POSTERN_CHAOS_FIGURES
  if (file) appendFileSync(file, `${JSON.stringify(figure)}\n`)
}
