// Reads the HTML forms of the pages as bodies of the API, whose schemas check them afterwards. The forms send the same
// fields with and without scripts.
import { parseDuration } from './duration.ts'
import type { Rule } from './rule.ts'
import { typedNames } from './typed-names.ts'

/** The state of the request form. `startsAt` is the value of a datetime-local control. */
export type Draft = {
  cluster: string
  namespaces: string[]
  rules: Rule[]
  durationSeconds: number
  reason: string
  ticket: string
  startsAt: string
}

/** The state of the decision form, and the digest of the terms it was filled in for. */
export type DecisionDraft = {
  digest: string
  note: string
  namespaces: string[]
  rules: Rule[]
  durationSeconds: number
}

/** The text fields of a form by name. NB: anyone can call an action with any argument; only a real form has fields. */
const fieldsOf = (form: unknown) => {
  const all = (name: string): string[] =>
    form instanceof FormData ? form.getAll(name).filter((value) => typeof value === 'string') : []
  return { all, last: (name: string) => all(name).at(-1) ?? '', has: (name: string) => all(name).length > 0 }
}

const words = (texts: string[]): string[] => texts.flatMap(typedNames)

/** The rules of a form, numbered from 0, also those that lack verbs or resources; undefined if the form has none. */
function rowsIn({ all, has }: ReturnType<typeof fieldsOf>): Rule[] | undefined {
  if (!has('rules.0.apiGroups')) return undefined
  const rows: Rule[] = []
  for (let index = 0; has(`rules.${index}.apiGroups`); index++) {
    const field = (name: string) => all(`rules.${index}.${name}`)
    const resourceNames = [...field('resourceNames'), ...words(field('typedNames'))]
    const rule = { apiGroups: field('apiGroups'), resources: words(field('resources')), verbs: field('verbs') }
    rows.push({ ...rule, ...(resourceNames.length > 0 ? { resourceNames } : {}) })
  }
  return rows
}

/** The same without those that lack verbs or resources. */
const rulesIn = (fields: ReturnType<typeof fieldsOf>): Rule[] | undefined =>
  rowsIn(fields)?.filter(({ resources, verbs }) => resources.length > 0 && verbs.length > 0)

/** A form's start time. Without scripts the control cannot know the person's time zone, so it asks for UTC. */
function startIn({ last }: ReturnType<typeof fieldsOf>): string {
  const utc = last('startsAtUtc')
  return last('startsAt') || (utc && `${utc.length === '2026-11-23T09:00'.length ? `${utc}:00` : utc}Z`)
}

/** The request form: the body of POST /requests without empty fields, and the draft to show again after an error. */
export function submissionInput(form: unknown): { body: object; kept: Partial<Draft> } {
  const fields = fieldsOf(form)
  const { last } = fields
  const namespaces = [...new Set(words(fields.all('namespaces')))]
  const rules = rulesIn(fields)
  const ticket = last('ticket').trim()
  const startsAt = startIn(fields)
  const extended = last('extends')
  return {
    body: {
      entitlement: last('entitlement'),
      cluster: last('cluster'),
      namespaces,
      ...(rules ? { rules } : {}),
      reason: last('reason'),
      ...(ticket ? { ticket } : {}),
      duration: last('duration'),
      ...(startsAt ? { startsAt } : {}),
      ...(extended ? { extends: extended } : {}),
    },
    kept: {
      cluster: last('cluster'),
      namespaces,
      reason: last('reason'),
      ticket,
      ...keptTerms(last('duration'), rules),
    },
  }
}

function keptTerms(duration: string, rules: Rule[] | undefined) {
  const durationSeconds = parseDuration(duration)
  return { ...(rules ? { rules } : {}), ...(durationSeconds === undefined ? {} : { durationSeconds }) }
}

/**
 * The decision form: the body of POST /requests/{id}/decisions, and the draft to show again after an error. An approval
 * sends all terms that the form can narrow; unchanged ones narrow nothing.
 */
export function decisionInput(form: unknown): { requestId: string; body: object; kept: Partial<DecisionDraft> } {
  const fields = fieldsOf(form)
  const { last } = fields
  const [decision, digest, note, duration] = [last('decision'), last('digest'), last('note'), last('duration')]
  const namespaces = fields.has('narrowsNamespaces') ? { namespaces: fields.all('namespaces') } : {}
  const rules = rulesIn(fields)
  const narrow = { ...(rules ? { rules } : {}), ...namespaces, ...(duration ? { duration } : {}) }
  return {
    requestId: last('requestId'),
    body: { decision, digest, ...(note.trim() ? { note } : {}), ...(decision === 'approve' ? { narrow } : {}) },
    kept: { digest, note, ...namespaces, ...keptTerms(duration, rules) },
  }
}

/** The form that revokes a grant, and the reason to show again after an error. */
export function revocationInput(form: unknown): { grantId: string; body: object; kept: { reason: string } } {
  const { last } = fieldsOf(form)
  return { grantId: last('grantId'), body: { reason: last('reason') }, kept: { reason: last('reason') } }
}

/** The form that revokes all access of a scope, and what to show again after an error. */
export function bulkRevocationInput(form: unknown): { body: object; kept: { reason: string; confirm: string } } {
  const { last } = fieldsOf(form)
  const kept = { reason: last('reason'), confirm: last('confirm') }
  return { body: { by: last('by'), name: last('name'), ...kept }, kept }
}

/** The kinds that are not ticked in the form of wanted ones, and the ticked ones to show again after an error. */
export function preferencesInput(
  form: unknown,
  kinds: readonly string[],
): { body: object; kept: { wanted: string[] } } {
  const wanted = fieldsOf(form).all('wanted')
  return { body: { muted: kinds.filter((kind) => !wanted.includes(kind)) }, kept: { wanted } }
}

export type QuietHoursDraft = { from: string; until: string; days: string[]; zone: string }

/** The form of quiet hours, also an incomplete one. */
export function quietHoursInput(form: unknown): QuietHoursDraft {
  const { last, all } = fieldsOf(form)
  return { from: last('from'), until: last('until'), days: all('days'), zone: last('zone') }
}

/** What the request form holds now, also incomplete rules. */
export function draftInput(form: unknown): Partial<Draft> {
  const rules = rowsIn(fieldsOf(form))
  return { ...submissionInput(form).kept, ...(rules ? { rules } : {}) }
}

/** The value of one field, such as the id in a form that has no others. */
export const fieldIn = (form: unknown, name: string): string => fieldsOf(form).last(name)
