import { basename } from 'node:path'

const called = basename(process.argv[1] ?? '')

/** Does kubectl ask for what could follow `kubectl postern`? */
export const isCompletion = called.startsWith('kubectl_complete-postern')

/** What a person types to call this program, for its help and its advice. kubectl runs the file `kubectl-postern` for `kubectl postern`. */
export const programName = isCompletion || called.startsWith('kubectl-postern') ? 'kubectl postern' : 'postern'
