import { acceptCredentialCalls, issuerHere } from '#lib/adapters/db/grants/issue-here'

/** The two ways to a credential: from the worker of the caller's process, and by an order to one of another process. */
export const waysToCredential = ['the worker of this process', 'a worker of another process'] as const
export type WayToCredential = (typeof waysToCredential)[number]

/** Has credentials issued that way during `work`. The worker of this test file is also the one that takes orders. */
export async function credentialsFrom<T>(way: WayToCredential, work: () => Promise<T>): Promise<T> {
  const issueHere = issuerHere()
  if (!issueHere || way === 'the worker of this process') return work()
  acceptCredentialCalls(issueHere)()
  try {
    return await work()
  } finally {
    acceptCredentialCalls(issueHere)
  }
}
