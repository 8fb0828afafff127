import { createHash } from 'node:crypto'
import { findCallsOfGrant, findFeed, findTotals } from '#lib/adapters/db/activity/grant-activity'
import { newestCheckpoint } from '#lib/adapters/db/log/checkpoints'
import {
  type EvidenceScope,
  eventsOutsideOfLog,
  leavesAround,
  leavesOfPeriod,
  leavesOfRequest,
  termsOfRequests,
} from '#lib/adapters/db/log/evidence'
import { logVerifiers } from '#lib/adapters/db/log/log-keys'
import { entriesAt, inTree, policyDocument } from '#lib/adapters/db/log/read-log'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { CallKind } from '#lib/core/access/activity-resource'
import type { PersonActor } from '#lib/core/access/actor'
import { contentHash } from '#lib/core/access/content-hash'
import { AppError, notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import {
  type CallLine,
  callLineText,
  figuresOf,
  foldCalls,
  mostCalls,
  mostCallsOfGrant,
  type PackCall,
  type PackCalls,
  type PackGrant,
} from '#lib/core/evidence/calls'
import { foldFacts, type PackFacts } from '#lib/core/evidence/facts'
import {
  documentPath,
  documentText,
  lineText,
  manifestJson,
  type PackManifest,
  type PackScope,
  packVersion,
  readmeText,
  termsNamedBy,
} from '#lib/core/evidence/pack'
import { reportPieces } from '#lib/core/evidence/report'
import { keysNamedIn } from '#lib/core/log/checkpoint'
import { inclusionProof } from '#lib/core/log/tree'

/** A file of a pack. Its pieces are read to their end before the next file. */
export type PackFile = { path: string; pieces: AsyncIterable<string> | Iterable<string> }

/** The report holds a few hundred bytes of each event. A longer period is several packs. */
const mostEvents = 50_000
/** Entries that are read together: as many as a tile has, because their paths to the root have most hashes in common. */
const atOnce = 256

type Source = {
  scope: PackScope
  places: number[]
  note: string
  size: number
  outside: { id: string; isNew: boolean }[]
}

const outsideOf = ({ outside }: Source) => ({
  later: outside.filter(({ isNew }) => isNew).map(({ id }) => id),
  withoutLeaf: outside.filter(({ isNew }) => !isNew).map(({ id }) => id),
})

/** Each entry of the pack with its inclusion proof, in the order of the log. */
async function* entriesOf({ places, size }: Source) {
  for (let from = 0; from < places.length; from += atOnce) {
    const entries = await entriesAt(places.slice(from, from + atOnce))
    const hashes = await inTree(size, (read) => entries.map(({ index }) => inclusionProof(read, index, size)))
    for (const [i, entry] of entries.entries())
      yield { entry, proof: (hashes[i] ?? []).map((hash) => hash.toString('base64')) }
  }
}

/** The terms that events name, by their digest. What the database has under another digest is not among them. */
async function termsNamed(requests: readonly string[], digests: ReadonlySet<string>): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>()
  for (let from = 0; from < requests.length; from += atOnce)
    for (const terms of await termsOfRequests(requests.slice(from, from + atOnce))) {
      const digest = contentHash(terms)
      if (digests.has(digest)) found.set(digest, terms)
    }
  return found
}

/** Calls that are read together. */
const callsAtOnce = 500

type CallPage = Awaited<ReturnType<typeof findCallsOfGrant>>

const toCall = ({ id: _, at, endedAt, kind, ...row }: CallPage[number]): PackCall => ({
  ...row,
  kind: kind as CallKind,
  at: at.toISOString(),
  endedAt: endedAt?.toISOString() ?? null,
})

/** The calls of each grant, in the order of their arrival. */
async function* callsOf({ requests }: PackFacts): AsyncGenerator<CallLine> {
  const feeds = new Map<string, PackGrant['feed']>()
  let left = mostCalls
  for (const { cluster, grants } of requests) {
    const name = cluster ?? ''
    if (!feeds.has(name)) {
      const feed = await findFeed(name)
      feeds.set(
        name,
        feed && {
          ...{ firstAt: feed.firstAt.toISOString(), newestAt: feed.newestAt.toISOString() },
          ...(feed.removedBefore ? { removedBefore: feed.removedBefore.toISOString() } : {}),
        },
      )
    }
    for (const { id } of grants) {
      const most = Math.min(left, mostCallsOfGrant)
      let page = await findCallsOfGrant(id, 0n, callsAtOnce)
      const { count, refused, secrets } = page.length < callsAtOnce ? figuresOf(page.map(toCall)) : await findTotals(id)
      yield { grant: { id, cluster: name, feed: feeds.get(name) ?? null, count, refused, secrets } }
      let sent = 0
      while (page.length > 0 && sent < most) {
        for (const row of page.slice(0, most - sent)) yield { call: toCall(row) }
        sent = Math.min(most, sent + page.length)
        page = page.length < callsAtOnce ? [] : await findCallsOfGrant(id, page.at(-1)?.id ?? 0n, callsAtOnce)
      }
      left -= sent
    }
  }
}

async function* filesOf(source: Source): AsyncGenerator<PackFile> {
  const { scope, note, size } = source
  const { later } = outsideOf(source)
  const key = keysNamedIn(note)
  const folded = foldFacts()
  const versions = new Set<string>()
  const digests = new Set<string>()
  yield { path: 'README.txt', pieces: [readmeText({ scope, size, key, later })] }
  yield { path: 'checkpoint', pieces: [note] }
  yield {
    path: 'events.jsonl',
    pieces: (async function* () {
      for await (const line of entriesOf(source)) {
        const { event } = line.entry
        folded.add(line.entry)
        if (event?.policyHash) versions.add(event.policyHash)
        for (const digest of termsNamedBy(event)) digests.add(digest)
        yield `${lineText(line)}\n`
      }
    })(),
  }
  const facts = folded.facts()
  const foldedCalls = foldCalls()
  yield {
    path: 'calls.jsonl',
    pieces: (async function* () {
      for await (const line of callsOf(facts)) {
        const text = callLineText(line)
        foldedCalls.add(line, text)
        yield `${text}\n`
      }
    })(),
  }
  const calls: PackCalls = foldedCalls.end()
  const terms = await termsNamed(
    facts.requests.map(({ id }) => id),
    digests,
  )
  for (const digest of [...terms.keys()].sort())
    yield { path: documentPath('terms', digest), pieces: [documentText(terms.get(digest))] }
  const policies = new Set<string>()
  for (const version of [...versions].sort()) {
    const document = await policyDocument(version)
    if (document === undefined || contentHash(document) !== version) continue
    policies.add(version)
    yield { path: documentPath('policies', version), pieces: [documentText(document)] }
  }
  yield { path: 'report.html', pieces: reportPieces({ scope, facts, calls, size, key, terms, policies }) }
}

/** Passes the files on, and adds the manifest of them as the last one. */
async function* withManifest(source: Source): AsyncGenerator<PackFile> {
  const files: PackManifest['files'] = []
  for await (const { path, pieces } of filesOf(source)) {
    const hash = createHash('sha256')
    let bytes = 0
    yield {
      path,
      pieces: (async function* () {
        for await (const piece of pieces) {
          hash.update(piece)
          bytes += Buffer.byteLength(piece)
          yield piece
        }
      })(),
    }
    files.push({ path, bytes, sha256: hash.digest('hex') })
  }
  const manifest: PackManifest = {
    ...{ format: 'postern-evidence-pack', version: packVersion, scope: source.scope, files },
    ...outsideOf(source),
  }
  yield { path: 'manifest.json', pieces: [manifestJson(manifest)] }
}

async function sourceOf(scope: EvidenceScope): Promise<Source | null> {
  const newest = await newestCheckpoint(logVerifiers(currentPolicy().configuration.publicUrl))
  if (!newest || newest.size === 0)
    throw new AppError('conflict', 'The log has no signed checkpoint. Its operator has to set POSTERN_LOG_KEY.')
  const { note, size } = newest
  const outside = await eventsOutsideOfLog(scope, size)
  if ('request' in scope) {
    const places = await leavesOfRequest(scope.request, size, mostEvents + 1)
    if (places.length > mostEvents) throw new AppError('invalid', `This request has more than ${mostEvents} events.`)
    return places.length > 0 || outside.length > 0 ? { scope, places, note, size, outside } : null
  }
  const { from, to } = scope
  if (from >= to) throw new AppError('invalid', 'The period must end after it begins.')
  const around = await leavesAround(from, to, size)
  const { first, last } = around
  const within = last - first + 1
  const others = within > mostEvents ? [] : await leavesOfPeriod({ from, first, last }, size, mostEvents + 1)
  if (within + others.length > mostEvents)
    throw new AppError('invalid', `This period has more than ${mostEvents} events. Choose a shorter one.`)
  const places = [...others, ...Array.from({ length: within }, (_, i) => first + i)].sort((a, b) => a - b)
  return { scope: { from: from.toISOString(), to: to.toISOString(), first, last }, places, note, size, outside }
}

/**
 * The files of an evidence pack, for auditors and admins: the events of a request, or all of a period and of the requests that had
 * to do with it, as the signed log has them, and the calls that were made with their grants: who may read every request may also read
 * every call (`maySeeActivity`). The same log and calls yield the same files.
 * @throws AppError `not-found`, `conflict` if the log is not signed yet, `invalid` for a period with too many events
 */
export async function evidencePack(actor: PersonActor, scope: EvidenceScope): Promise<AsyncGenerator<PackFile>> {
  if (!seesEverything(actor)) throw notFound()
  const source = await sourceOf(scope)
  if (!source) throw notFound()
  return withManifest(source)
}
