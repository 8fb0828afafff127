/** Texts that may use a word of the list, each with the reason. `text` is the word with some of the text around it. */
export type AllowedWord = { path: string; text: string; why: string }

export const allowedWords: readonly AllowedWord[] = [
  {
    path: 'lib/core/rbac/paste/refusal-signs.ts',
    text: 'the server has asked for the client',
    why: 'kubectl prints this sentence, and a paste is recognized by it',
  },
  {
    path: 'local/processes/system-user.ts',
    text: 'no user postgres or nobody',
    why: 'nobody is the name of a Linux user',
  },
  ...[
    { path: 'docs/evidence.md', text: 'an **inclusion proof**' },
    { path: 'docs/evidence.md', text: 'its inclusion proof' },
    { path: 'lib/api/endpoints.ts', text: 'its inclusion proof' },
    { path: 'lib/api/endpoints.ts', text: 'their inclusion proofs' },
    { path: 'lib/core/evidence/pack.ts', text: 'its inclusion proof' },
    { path: 'lib/core/access/log-resource.ts', text: 'The inclusion proof of RFC 6962' },
  ].map((one) => ({ ...one, why: 'RFC 6962 and every log of its kind call it that' })),
]
