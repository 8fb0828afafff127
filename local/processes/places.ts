import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The checkout. */
export const checkout = resolve(import.meta.dirname, '../..')

/** Files of this checkout that are not source, such as the demo's state and the records of runs. Git ignores it. */
export const stateDirectory = join(checkout, '.postern')

/** One file per live run, so that the next run can end the parts of a killed one. */
export const runsDirectory = join(stateDirectory, 'runs')

/** Built and downloaded programs, which all checkouts of this user share. */
export const cacheDirectory = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'postern')
