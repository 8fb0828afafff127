/** The names under which a form sends the rules that form-input.ts reads. */
export const ruleField = (index: number, part: 'apiGroups' | 'resources' | 'verbs' | 'resourceNames' | 'typedNames') =>
  `rules.${index}.${part}`
