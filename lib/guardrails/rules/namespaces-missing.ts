import type { Guardrail } from '../facts.ts'

export const namespacesMissing: Guardrail = {
  code: 'namespaces-missing',
  find: ({ submission }) =>
    submission.namespaces.length > 0
      ? []
      : [{ code: 'namespaces-missing', pointer: '/namespaces', sentence: 'Name at least one namespace.' }],
}
