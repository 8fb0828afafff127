import { randomBytes } from 'node:crypto'
import { makeId } from '#lib/core/access/ids'
import type { Identity } from '#local/parts/identity'
import { bearerToken } from '#local/parts/sign-in'
import { percentile } from './statistics.ts'

// Does the response time reveal that a request exists which the caller may not see? The caller gets the same 404 for such
// a request as for one that does not exist; both are called in turn.

export type Timings = { what: string; missing: number[]; hidden: number[] }

/** @param requestId a request that Jonas may not see */
export async function measureTimingLeak(
  at: { url: string; identity: Identity },
  requestId: string,
  rounds: number,
): Promise<Timings[]> {
  const source = { ...at.identity, redirectUri: `${at.url}/api/auth/callback/oidc` }
  const authorization = `Bearer ${await bearerToken(source, 'jonas')}`
  const timed = async (path: string, method: string) => {
    const began = performance.now()
    const response = await fetch(`${at.url}/api/v1${path}`, { method, headers: { authorization } })
    await response.arrayBuffer()
    if (response.status !== 404) throw new Error(`${method} ${path} answered ${response.status}`)
    return performance.now() - began
  }
  const calls = [
    { what: 'read', method: 'GET', path: (id: string) => `/requests/${id}` },
    { what: 'withdraw', method: 'POST', path: (id: string) => `/requests/${id}/withdraw` },
  ]
  const timings: Timings[] = []
  for (const { what, method, path } of calls) {
    const [missing, hidden]: [number[], number[]] = [[], []]
    for (let i = 0; i < rounds; i++) {
      missing.push(await timed(path(makeId('request', new Date(), randomBytes(10))), method))
      hidden.push(await timed(path(requestId), method))
    }
    timings.push({ what, missing, hidden })
  }
  return timings
}

/** The share of all pairs in which the second took longer than the first: one half if they can't be told apart. */
function shareLonger(first: readonly number[], second: readonly number[]): number {
  const longer = second.flatMap((b) => first.map((a) => (b > a ? 1 : b === a ? 0.5 : 0)))
  return longer.reduce((sum: number, value) => sum + value, 0) / longer.length
}

/** How far chance alone moves that share from one half, in 99 of 100 measurements (Mann and Whitney, 1947). */
const byChance = (n: number) => 2.58 * Math.sqrt((2 * n + 1) / (12 * n * n))

export const timingLeakRows = (timings: readonly Timings[]): string[] =>
  timings.map(({ what, missing, hidden }) => {
    const share = shareLonger(missing, hidden)
    const tolerance = byChance(missing.length)
    const times = [hidden, missing].map((some) => `${percentile(some, 50).toFixed(1)} ms`).join(' and ')
    const percent = (value: number) => `${(100 * value).toFixed(0)} %`
    const goal = `50 % ± ${percent(tolerance)}`
    const met = Math.abs(share - 0.5) <= tolerance ? 'yes' : 'no'
    return `| ${what} a request that the caller may not see, and one that does not exist: p50 of each; how often the first takes longer | ${times}; ${percent(share)} of pairs | ${goal} | ${met} |`
  })
