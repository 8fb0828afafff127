import type { Guardrail } from '#lib/core/guardrails/facts'

export const namespacesMissing: Guardrail = {
  code: 'namespaces-missing',
  find: ({ submission }) =>
    submission.namespaces.length > 0
      ? []
      : [{ code: 'namespaces-missing', pointer: '/namespaces', sentence: 'Name at least one namespace.' }],
}
