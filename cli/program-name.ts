import { basename } from 'node:path'

/** What a person types to call this program, for its help and its advice. kubectl runs the file `kubectl-postern` for `kubectl postern`. */
export const programName = basename(process.argv[1] ?? '').startsWith('kubectl-postern') ? 'kubectl postern' : 'postern'
