/** When each cluster last sent a TokenReview to this process, in milliseconds since 1970, and until which a worker has stored it. */
type Times = Map<string, { at: number; storedAt: number }>

const shared = globalThis as typeof globalThis & { posternTokenReviews?: Times }

/** One map, although Next.js puts this module into several bundles: routes write it, and the worker reads it. */
function times(): Times {
  shared.posternTokenReviews ??= new Map()
  return shared.posternTokenReviews
}

/** Milliseconds. More often, a busy API server would cost one statement more for each of its tokens. */
const storedEvery = 10_000

/** An API server has sent a TokenReview with the token of its cluster. */
export function noteTokenReview(cluster: string): void {
  const storedAt = times().get(cluster)?.storedAt ?? 0
  times().set(cluster, { at: Date.now(), storedAt })
}

/** Passes on the times that are not stored yet, at most one in ten seconds for each cluster. One that fails is passed on again. */
export async function storeTokenReviews(store: (cluster: string, secondsAgo: number) => Promise<void>): Promise<void> {
  for (const [cluster, { at, storedAt }] of times()) {
    if (at < storedAt + storedEvery) continue
    await store(cluster, (Date.now() - at) / 1000)
    times().set(cluster, { at: times().get(cluster)?.at ?? at, storedAt: at })
  }
}
