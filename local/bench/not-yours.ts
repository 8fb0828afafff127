import { randomBytes } from 'node:crypto'
import { makeId } from '#lib/core/access/ids'
import type { Identity } from '#local/parts/identity'
import { bearerToken } from '#local/parts/sign-in'
import { percentile } from './statistics.ts'

// Does a clock tell "not yours" from "not there"? Both are asked for in turn, by somebody who may see neither.

export type Told = { what: string; notThere: number[]; notYours: number[] }

/** @param requestId a request of somebody who is nothing to jonas */
export async function measureNotYours(
  at: { url: string; identity: Identity },
  requestId: string,
  rounds: number,
): Promise<Told[]> {
  const source = { ...at.identity, redirectUri: `${at.url}/api/auth/callback/oidc` }
  const authorization = `Bearer ${await bearerToken(source, 'jonas')}`
  const timed = async (path: string, method: string) => {
    const began = performance.now()
    const answer = await fetch(`${at.url}/api/v1${path}`, { method, headers: { authorization } })
    await answer.arrayBuffer()
    if (answer.status !== 404) throw new Error(`${method} ${path} answered ${answer.status}`)
    return performance.now() - began
  }
  const doors = [
    { what: 'a request is read', method: 'GET', path: (id: string) => `/requests/${id}` },
    { what: 'a request is withdrawn', method: 'POST', path: (id: string) => `/requests/${id}/withdraw` },
  ]
  const told: Told[] = []
  for (const { what, method, path } of doors) {
    const [notThere, notYours]: [number[], number[]] = [[], []]
    for (let i = 0; i < rounds; i++) {
      notThere.push(await timed(path(makeId('request', new Date(), randomBytes(10))), method))
      notYours.push(await timed(path(requestId), method))
    }
    told.push({ what, notThere, notYours })
  }
  return told
}

/** In how many of all pairs the second took longer than the first: one half where they cannot be told apart. */
function shareLonger(first: readonly number[], second: readonly number[]): number {
  const longer = second.flatMap((b) => first.map((a) => (b > a ? 1 : b === a ? 0.5 : 0)))
  return longer.reduce((sum: number, value) => sum + value, 0) / longer.length
}

/** How far from one half chance alone brings the share of longer ones, 99 times in 100 (Mann and Whitney, 1947). */
const byChance = (n: number) => 2.58 * Math.sqrt((2 * n + 1) / (12 * n * n))

export const notYoursRows = (told: readonly Told[]): string[] =>
  told.map(({ what, notThere, notYours }) => {
    const share = shareLonger(notThere, notYours)
    const far = byChance(notThere.length)
    const times = [notYours, notThere].map((some) => `${percentile(some, 50).toFixed(1)} ms`).join(' and ')
    const percent = (value: number) => `${(100 * value).toFixed(0)} %`
    const goal = `50 % ± ${percent(far)}`
    const holds = Math.abs(share - 0.5) <= far ? 'yes' : 'no'
    return `| ${what} that is not yours, and that is not there: p50; the former takes longer in | ${times}; ${percent(share)} of pairs | ${goal} | ${holds} |`
  })
