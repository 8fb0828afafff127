// Verifies what a pack says against its checkpoint, whose signature was verified before, and names the first thing that does not
// fit. Everything is verified against the events, and the events against the checkpoint; nothing against the manifest.
import type { Checkpoint } from '#lib/core/log/checkpoint'
import type { LogEntry } from '#lib/core/log/leaf'
import { problemOfProof } from '#lib/core/log/verify-log'
import { foldCalls, mostCallsOfGrant, type PackCalls, parseCallLine } from './calls.ts'
import { foldFacts, type PackFacts } from './facts.ts'
import {
  documentOfPath,
  fixedPaths,
  type PackManifest,
  type PackScope,
  parseLine,
  problemOfDocument,
  readmeText,
  termsNamedBy,
} from './pack.ts'
import { reportPieces } from './report.ts'

/** Why these are not the paths of a pack; null if they are. */
export function problemOfPaths(paths: readonly string[]): string | null {
  const missing = fixedPaths.find((path) => !paths.includes(path))
  if (missing) return `${missing} is missing.`
  const strange = paths.find((path) => !(fixedPaths as readonly string[]).includes(path) && !documentOfPath(path))
  return strange === undefined ? null : `${JSON.stringify(strange)} is not a file of an evidence pack.`
}

/** Why the places of a period are not all that it needs. */
function problemOfRange({
  scope,
  index,
  at,
  expected,
  size,
}: {
  scope: Extract<PackScope, { from: string }>
  index: number
  at: string
  expected: number
  size: number
}): string | null {
  if (index !== expected) return `Leaf ${expected} is missing: no event of the period may be left out.`
  const time = Date.parse(at)
  if (index === scope.first && index > 0 && !(time < Date.parse(scope.from)))
    return `The first leaves of the period are missing: leaf ${index} is in it already.`
  if (index === scope.last && index < size - 1 && !(time >= Date.parse(scope.to)))
    return `The last leaves of the period are missing: leaf ${index} is still in it.`
  return null
}

/** Why the grants with calls are not those of the events. */
function problemOfGrants({ requests }: PackFacts, { grants }: PackCalls): string | null {
  const clusters = new Map(requests.flatMap(({ grants, cluster }) => grants.map(({ id }) => [id, cluster ?? ''])))
  for (const id of clusters.keys()) if (!grants.has(id)) return `the calls of ${id} are missing.`
  for (const { id, cluster, kept } of grants.values()) {
    if (clusters.get(id) !== cluster) return `no event is about ${id} in ${JSON.stringify(cluster)}.`
    if (kept > mostCallsOfGrant) return `${id} has more calls than any pack.`
  }
  return null
}

type Input = { checkpoint: Checkpoint; key: string; manifest: PackManifest }

const wrongCalls = 'calls.jsonl was changed:'
const wrongReport = 'report.html was changed: it does not say what the events say.'

/** Verifies a pack: first each line of its events in order, then its calls and documents, then its report and README. */
export function verifierOfPack({ checkpoint, key, manifest: { scope, later } }: Input) {
  const { size } = checkpoint
  const folded = foldFacts()
  const named = new Map<string, string>()
  const versions = new Set<string>()
  /** Each request's own version, which the database always has. */
  const needed = new Set<string>()
  const terms = new Map<string, unknown>()
  const policies = new Set<string>()
  const foldedCalls = foldCalls()
  let calls: PackCalls | undefined
  let last = -1
  let expected = 'from' in scope ? scope.first : 0
  function problemOfPlace({ index, event }: LogEntry): string | null {
    if (index <= last) return `Leaf ${index} is not in its place.`
    last = index
    if ('request' in scope)
      return event?.requestId === scope.request ? null : `${event?.id} (leaf ${index}) is not about ${scope.request}.`
    if (index < scope.first || index > scope.last) return null
    const problem = problemOfRange({ scope, index, at: event?.at ?? '', expected, size })
    expected += 1
    return problem
  }
  return {
    addLine(text: string): string | null {
      const line = parseLine(text)
      if (!line) return 'events.jsonl was changed: a line is not as Postern writes it.'
      const { entry } = line
      const problem = problemOfProof(entry, line.proof, checkpoint)?.sentence ?? problemOfPlace(entry)
      if (problem) return problem
      folded.add(entry)
      const { policyHash, type } = entry.event ?? {}
      if (policyHash) versions.add(policyHash)
      if (policyHash && type === 'request.submitted') needed.add(policyHash)
      for (const digest of termsNamedBy(entry.event)) named.set(digest, entry.event?.requestId ?? '')
      return null
    },
    addCall(text: string): string | null {
      const line = parseCallLine(text)
      if (!line) return `${wrongCalls} a line is not as Postern writes it.`
      return foldedCalls.add(line, text) ? null : `${wrongCalls} a grant has two lists, or a call has no grant.`
    },
    addDocument(path: string, text: string): string | null {
      const problem = problemOfDocument(path, text)
      const { folder, hash } = documentOfPath(path) ?? { folder: 'terms', hash: '' }
      if (problem) return problem
      const isNamed = folder === 'terms' ? named.has(hash) : versions.has(hash)
      if (!isNamed) return `${path} belongs to no event of this pack.`
      if (folder === 'terms') terms.set(hash, JSON.parse(text))
      else policies.add(hash)
      return null
    },
    end(report: string, readme: string): string | null {
      if ('from' in scope && (scope.first > scope.last || expected !== scope.last + 1))
        return `Leaf ${expected} is missing: no event of the period may be left out.`
      for (const [digest, request] of named)
        if (!terms.has(digest)) return `The terms of ${request} are missing: no file has the digest ${digest}.`
      for (const version of needed) if (!policies.has(version)) return `The policy ${version} is missing.`
      if (readme !== readmeText({ scope, size, key, later })) return 'README.txt was changed.'
      calls = foldedCalls.end()
      const facts = folded.facts()
      const problem = problemOfGrants(facts, calls)
      if (problem) return `${wrongCalls} ${problem}`
      let from = 0
      for (const piece of reportPieces({ scope, facts, calls, size, key, terms, policies })) {
        if (!report.startsWith(piece, from)) return wrongReport
        from += piece.length
      }
      return from === report.length ? null : wrongReport
    },
    counts: () => ({
      events: folded.facts().count,
      terms: terms.size,
      policies: policies.size,
      calls: calls?.kept ?? 0,
    }),
    /** The time of the last event, if the log had no later one than the period when it was signed: the period may have gone on. */
    endOfLog: () => ('from' in scope && scope.last === size - 1 ? folded.facts().lastAt : null),
  }
}
