// Checks a text as `postern check` does, for tests.
import { Checker, type CheckOptions } from './checker.ts'
import { DocumentSplitter } from './documents.ts'

export const today = '2026-11-25'

/** @param existing roles that exist already, as for `--roles` */
export function checkText(text: string, options: Partial<CheckOptions> = {}, existing = ''): Checker {
  const checker = new Checker({ namespace: null, policy: null, configuredRisks: [], today, ...options })
  const documents = (all: string) => {
    const splitter = new DocumentSplitter()
    return [...splitter.push(all), ...splitter.end()]
  }
  for (const document of documents(existing)) checker.addExisting('existing.yaml', document)
  for (const document of documents(text)) checker.read('a.yaml', document)
  checker.finish()
  return checker
}

export const api = 'apiVersion: rbac.authorization.k8s.io/v1'

/** In YAML flow style, so that a test case fits on a line. */
export const role = (rules: string, metadata = '{name: r, namespace: payments}', kind = 'Role') =>
  `${api}\nkind: ${kind}\nmetadata: ${metadata}\nrules: ${rules}\n`

export const binding = (
  roleRef: string,
  subjects: string,
  { kind = 'RoleBinding', metadata = '{name: b, namespace: payments}' } = {},
) => `${api}\nkind: ${kind}\nmetadata: ${metadata}\nroleRef: ${roleRef}\nsubjects: ${subjects}\n`

export const documents = (...texts: string[]) => texts.join('---\n')

/** `severity id` of each finding. */
export const found = ({ findings }: Checker) =>
  findings.filter(({ accepted }) => !accepted).map(({ severity, id }) => `${severity} ${id}`)
export const unread = ({ unreadable }: Checker) => unreadable.map(({ line, message }) => `${line}: ${message}`)
