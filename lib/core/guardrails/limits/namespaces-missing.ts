import type { Limit } from '#lib/core/guardrails/facts'

export const namespacesMissing: Limit = {
  code: 'namespaces-missing',
  find: ({ submission }) =>
    submission.namespaces.length > 0 ? [] : [{ pointer: '/namespaces', sentence: 'Choose at least one namespace.' }],
}
