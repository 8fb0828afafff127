import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The checkout. */
export const checkout = resolve(import.meta.dirname, '../..')

/** What belongs to this checkout and is not source: the demo's state, records of runs. Git-ignored. */
export const stateDirectory = join(checkout, '.postern')

/** One file per live run, so that the next start can end what a killed one left behind. */
export const runsDirectory = join(stateDirectory, 'runs')

/** Built and downloaded programs, shared by all checkouts of this user. */
export const cacheDirectory = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'postern')
