/** What is wrong with the connection to the configured identity provider, with the reference of its log lines. */
export type ProviderProblems = { problems: readonly { code: string; sentence: string }[]; reference: string }

// Next.js bundles pages, routes and the worker separately, so a variable of this module would exist once per bundle.
const shared = globalThis as typeof globalThis & { posternProviderProblems?: ProviderProblems }

/** What the last check found (lib/adapters/auth/check-provider.ts). */
export const providerProblems = (): ProviderProblems =>
  shared.posternProviderProblems ?? { problems: [], reference: '' }

export function setProviderProblems(found: ProviderProblems) {
  shared.posternProviderProblems = found
}
