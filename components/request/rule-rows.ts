// The rules of the request form, one row each: a row has one API group, and may be incomplete.
import type { Rule } from '#lib/core/access/rule'
import type { Offer } from '#lib/core/rbac/offered-resources'

/** With more API groups than this, the form starts with one row, and others are added. */
const mostFirstRows = 3

export const offersIn = (offers: readonly Offer[], cluster: string): Offer[] =>
  offers.filter(({ clusters }) => clusters === null || clusters.includes(cluster))

export const groupsOf = (offers: readonly Offer[]): string[] => [...new Set(offers.map(({ group }) => group))]

/** A row for an API group, with its resource where it has only one. */
export function newRow(offers: readonly Offer[], group: string): Rule {
  const [only, another] = offers.filter((offer) => offer.group === group)
  return { apiGroups: [group], resources: only && !another ? [only.resource] : [], verbs: [] }
}

export function firstRows(offers: readonly Offer[]): Rule[] {
  const groups = groupsOf(offers)
  const first = groups.length <= mostFirstRows ? groups : groups.slice(0, 1)
  return first.length > 0 ? first.map((group) => newRow(offers, group)) : [newRow(offers, '')]
}

/** Known rules as rows: a rule with several API groups becomes one row for each, with the resources that exist there. */
export function rowsOf(rules: readonly Rule[], offers: readonly Offer[]): Rule[] {
  return rules.flatMap((rule) =>
    rule.apiGroups.flatMap((group) => {
      const isOffered = (resource: string) => offers.some((one) => one.group === group && one.resource === resource)
      const resources = rule.apiGroups.length === 1 ? rule.resources : rule.resources.filter(isOffered)
      return resources.length > 0 ? [{ ...rule, apiGroups: [group], resources }] : []
    }),
  )
}

/** The verbs to choose from: those of the chosen resources, or of all in the group while none is chosen. */
export function verbsFor(offers: readonly Offer[], { apiGroups: [group], resources }: Rule): string[] {
  const inGroup = offers.filter((offer) => offer.group === group)
  const chosen = inGroup.filter(({ resource }) => resources.includes(resource))
  return [...new Set((chosen.length > 0 ? chosen : inGroup).flatMap(({ verbs }) => verbs))]
}

/** The only object names that the ceiling allows for the chosen resources; null if any of them allows all names. */
export function namesFor(offers: readonly Offer[], { apiGroups: [group], resources }: Rule): string[] | null {
  const chosen = offers.filter((offer) => offer.group === group && resources.includes(offer.resource))
  if (chosen.length === 0 || chosen.some(({ names }) => names === null)) return null
  return [...new Set(chosen.flatMap(({ names }) => names ?? []))]
}

/** The chosen resources that the cluster does not serve, or that the ceiling does not cover; none where that is unknown. */
export const notOffered = (offers: readonly Offer[], { apiGroups: [group], resources }: Rule): string[] =>
  offers.length === 0
    ? []
    : resources.filter((name) => !offers.some((offer) => offer.group === group && offer.resource === name))

/** The form sends only rows with resources and verbs. */
const isSent = (offers: readonly Offer[], row: Rule) =>
  row.resources.length > 0 && row.verbs.some((verb) => offers.length === 0 || verbsFor(offers, row).includes(verb))

/** The number of a row among the rules that the form sends; null if it is not sent. */
export function sentIndex(offers: readonly Offer[], rows: readonly Rule[], at: number): number | null {
  const row = rows[at]
  return row && isSent(offers, row) ? rows.slice(0, at).filter((one) => isSent(offers, one)).length : null
}
