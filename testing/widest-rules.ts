import type { Rule } from '#lib/core/access/rule'

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`)

/** As many rules as a body may have, each as wide as a rule may be: 8 million permissions in 60 KB. */
export const widestRules: Rule[] = Array.from({ length: 32 }, (_, n) => ({
  apiGroups: names(`g${n}x`, 64),
  resources: names(`*/s${n}x`, 64),
  verbs: names(`v${n}x`, 64),
}))
