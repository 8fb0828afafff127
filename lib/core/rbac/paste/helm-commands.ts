// What helm needs itself: it keeps each release in a Secret of its namespace. The objects of a chart need more, which only
// the chart knows.
import { every, type Need, need } from './kubectl-target.ts'
import type { ProgramReader } from './program-words.ts'

/** Commands that never call the API server. */
const local = new Set([
  ...[
    'template',
    'lint',
    'repo',
    'search',
    'show',
    'inspect',
    'pull',
    'fetch',
    'push',
    'package',
    'create',
    'dependency',
  ],
  ...['dep', 'env', 'version', 'completion', 'plugin', 'registry', 'verify', 'help'],
])

const reading = new Set(['list', 'ls', 'status', 'get', 'history', 'hist'])
const writing = new Set(['install', 'upgrade', 'uninstall', 'delete', 'del', 'un', 'rollback', 'test'])

const secrets = every('secrets')

function needsOf(command: string): Need[] {
  if (reading.has(command))
    return [need('list', secrets), ...(command === 'list' || command === 'ls' ? [] : [need('get', secrets)])]
  const verbs = /^(?:uninstall|delete|del|un)$/.test(command)
    ? ['list', 'get', 'update', 'delete']
    : ['list', 'get', 'create', 'update', 'delete']
  return verbs.map((verb) => need(verb, secrets))
}

export const readHelm: ProgramReader = ({ positional: [command = ''], flags, notes }) => {
  if (local.has(command)) return { needs: [], home: undefined }
  if (!reading.has(command) && !writing.has(command)) return null
  notes.push({
    code: 'helm-releases',
    sentence: 'helm keeps its releases in Secrets, so it needs access to the Secrets of the namespace.',
  })
  if (writing.has(command))
    notes.push({
      code: 'chart-objects',
      sentence:
        "helm also reads, creates, patches and deletes the chart's own objects, which the command doesn't show. Paste the output of helm template below kubectl apply -f - to see those.",
    })
  if (flags.has('A') || flags.has('all-namespaces'))
    notes.push({
      code: 'all-namespaces',
      sentence: 'With -A helm reads all namespaces at once. Leave that out and name the namespaces you need.',
    })
  return { needs: needsOf(command), home: undefined }
}
